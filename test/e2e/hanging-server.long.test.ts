import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readPlaceDirectory } from '../../src/postgres/server/place.js';
import { findPostmaster } from '../../src/postgres/server/postmaster.js';
import { childrenOf, isAlive } from '../../src/postgres/server/process.js';
import { createLedgerDatabase } from '../support/ledger-database.js';
import { startLedger, temporaryFolder, type LedgerProcess } from '../support/ledger-process.js';
import { startProxy } from '../support/postgres-proxy.js';

describe('event-ledger start, on a server that hangs', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let second: LedgerProcess | null;

  beforeEach(async () => {
    folder = await temporaryFolder();
    second = null;
  });

  afterEach(async () => {
    await second?.stop();
    await folder.remove();
  });

  it('stops in time and leaves no process, and has it all at the next start', async () => {
    const settings = { LEDGER_DATA: `${folder.path}/data` };
    const first = await startLedger(settings);
    const body = JSON.stringify({ source: 'billing', type: 't', payload: 1 });
    const headers = { 'content-type': 'application/json', prefer: 'wait=10' };
    expect((await first.request('/v1/events', { method: 'POST', headers, body })).status).toBe(201);
    const head = await first.json('/v1/head');
    const place = (await readPlaceDirectory(settings.LEDGER_DATA)) ?? '';
    const postmaster = (await findPostmaster(join(place, 'cluster'))) ?? 0;
    const processes = [postmaster, ...(await childrenOf(postmaster))];
    for (const pid of processes) process.kill(pid, 'SIGSTOP');
    const asked = first.request('/v1/head').catch(() => null);
    await first.request('/livez');

    const stopping = performance.now();
    await first.stop('SIGINT');

    expect(performance.now() - stopping).toBeLessThan(5_000);
    expect(processes.length).toBeGreaterThan(3);
    expect(processes.filter(isAlive)).toEqual([]);
    await asked;
    second = await startLedger(settings);
    expect(await second.json('/v1/head')).toEqual(head);
  });
});

describe('a database server that hangs', () => {
  it('keeps the API from stopping no longer than a few seconds, in the middle of requests', async () => {
    const database = await createLedgerDatabase();
    const proxy = await startProxy(database.apiUrl);
    const api = await startLedger({ DATABASE_URL: proxy.url }, 'api');
    proxy.freeze();
    const asked = ['/v1/head', '/v1/events'].map((path) => api.request(path).catch(() => null));
    await api.request('/livez');

    const stopping = performance.now();
    await api.stop('SIGTERM');

    expect(performance.now() - stopping).toBeLessThan(5_000);
    await Promise.all(asked);
    await proxy.close();
    await database.drop();
  });

  it('keeps the projector from stopping no longer than a few seconds', async () => {
    const database = await createLedgerDatabase();
    const proxy = await startProxy(database.projectorUrl);
    const projector = await startLedger({ DATABASE_URL: proxy.url }, 'projector');
    proxy.freeze();

    const stopping = performance.now();
    await projector.stop('SIGTERM');

    expect(performance.now() - stopping).toBeLessThan(5_000);
    await proxy.close();
    await database.drop();
  });
});
