/**
 * Cold start: `event-ledger start` in an empty folder, from the command to the first 202. The floor makes a database and
 * starts PostgreSQL on it: the same programs with the same options, durable as well.
 */
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chooseAccount } from '../../src/postgres/server/account.js';
import { findPackage, prepareBinaries } from '../../src/postgres/server/binaries.js';
import { initialiseCluster } from '../../src/postgres/server/cluster.js';
import { chooseEndpoint } from '../../src/postgres/server/endpoint.js';
import { giveTo } from '../../src/postgres/server/files.js';
import { endPostmaster, startPostmaster } from '../../src/postgres/server/postmaster.js';
import { SETTINGS } from '../../src/postgres/server/settings.js';
import { inTurn, type Bench, type Benchmark } from '../benchmark.js';
import { startEmbedded } from '../support/embedded-ledger.js';

export const COLD_START: Benchmark = {
  name: 'cold-start',
  async run(bench) {
    const figures = await inTurn(bench.rounds, { subject: () => firstAccepted(bench), floor: postgresAlone });
    const target = bench.eventStoreUrl === null ? ({ atMost: 2 } as const) : null;
    return [{ path: 'cold start to the first accepted event', unit: 'ms', ...figures, target }];
  },
};

async function firstAccepted(bench: Bench): Promise<number> {
  const began = performance.now();
  const ledger = await startEmbedded(bench);
  try {
    const { status } = await ledger.process.request('/v1/events', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(bench.events.event(0)),
    });
    const took = performance.now() - began;
    if (status !== 202) throw new Error(`the first event was answered with ${status}`);
    return took;
  } finally {
    await ledger.remove();
  }
}

async function postgresAlone(): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'ledger-'));
  try {
    await chmod(directory, 0o711);
    const account = await chooseAccount();
    const binaries = await prepareBinaries(await findPackage(), account, join(directory, 'binaries'));
    const cluster = join(directory, 'cluster');
    const socket = join(directory, 'socket');
    await mkdir(socket);
    await giveTo(socket, account);
    const endpoint = await chooseEndpoint(socket);

    const began = performance.now();
    await initialiseCluster(cluster, { binaries, account, superuserPassword: 'a password of the bench' });
    const logFile = join(directory, 'log');
    const options = { binaries, account, endpoint, logFile, settings: SETTINGS, timeoutMs: 60_000 };
    const postmaster = await startPostmaster(cluster, options);
    const took = performance.now() - began;
    await endPostmaster(postmaster.pid, { patienceMs: 5_000 });
    return took;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
