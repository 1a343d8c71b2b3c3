import { randomInt, randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLedgerDatabase, type LedgerDatabase } from '../support/ledger-database.js';
import {
  eventually,
  runCommand,
  startLedger,
  temporaryFolder,
  type LedgerProcess,
} from '../support/ledger-process.js';
import { LOGS, type TestLog } from '../support/logs.js';
import { startServer, type TestServer } from '../support/postgres.js';

const KILLS = 24;
const LINES = 30_000;

interface Line {
  readonly entry: { readonly id: string; readonly source: string; readonly verdict: string };
}

describe.each(LOGS)('killing processes at random moments, with the log in $name', (kind) => {
  let log: TestLog;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let server: TestServer;
  let database: LedgerDatabase;
  let api: LedgerProcess;
  let projector: LedgerProcess;

  beforeAll(async () => {
    folder = await temporaryFolder();
    server = await startServer({ durable: true });
    database = await createLedgerDatabase(server.superuserUrl);
    log = await kind.start();
    api = await startApi('0');
    projector = await startProjector();
  });

  afterAll(async () => {
    await Promise.all([api.stop(), projector.stop()]);
    await log.close();
    await server.remove();
    await folder.remove();
  });

  const startApi = (port: string): Promise<LedgerProcess> =>
    startLedger({ DATABASE_URL: database.apiUrl, PORT: port, ...log.settings }, 'api');
  const startProjector = (): Promise<LedgerProcess> =>
    startLedger({ DATABASE_URL: database.projectorUrl, ...log.settings }, 'projector');

  /** Ends one of them with SIGKILL and starts it again. */
  async function killOne(): Promise<string> {
    const victims = ['api', 'projector', 'postgres', ...(log.crash === null ? [] : ['log'])];
    const victim = victims[randomInt(victims.length)] ?? 'api';
    if (victim === 'api') {
      await api.stop('SIGKILL');
      api = await startApi(new URL(api.url).port);
    } else if (victim === 'projector') {
      await projector.stop('SIGKILL');
      projector = await startProjector();
    } else if (victim === 'log') await log.crash?.();
    else {
      await server.kill();
      await server.start();
    }
    return victim;
  }

  /** Reports single events all the while, and remembers which were acknowledged. */
  async function report(acknowledged: Set<string>, stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      const id = randomUUID();
      const body = JSON.stringify({ id, source: `single-${randomInt(3)}`, type: 't', payload: { id } });
      const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body };
      // Sent again until it is acknowledged: an answer that was lost must not become a second event.
      await eventually(
        'an acknowledgement',
        async () => {
          if (stop.aborted) return true;
          const { status } = await api.request('/v1/events', {
            ...init,
            signal: AbortSignal.timeout(15_000),
          });
          if (status === 202 || status === 200) acknowledged.add(id);
          else expect(status).toBe(503);
          return acknowledged.has(id);
        },
        120_000,
      );
    }
  }

  it('loses no acknowledged event, doubles none, and leaves an intact ledger', async () => {
    const lines = Array.from({ length: LINES }, (_, n) =>
      JSON.stringify({
        id: randomUUID(),
        source: `import-${n % 5}`,
        type: 'GetBucketPolicyStatus',
        payload: { n, filler: 'x'.repeat(500) },
      }),
    );
    await writeFile(`${folder.path}/events.jsonl`, lines.join('\n'));
    const settings = { LEDGER_URL: api.url };
    const acknowledged = new Set<string>();
    const stop = new AbortController();
    const reporting = report(acknowledged, stop.signal);
    const importing = runCommand(
      ['import', `${folder.path}/events.jsonl`, '--patience', '120', '--json'],
      settings,
    );

    const killed: string[] = [];
    for (let kill = 0; kill < KILLS; kill += 1) {
      await delay(randomInt(50, 900));
      killed.push(await killOne());
    }
    const imported = await importing;
    stop.abort();
    await reporting;
    expect(imported.code, imported.stderr).toBe(0);
    // Whatever was not acknowledged before is now, and nothing twice.
    const again = await runCommand(['import', `${folder.path}/events.jsonl`, '--json'], settings);
    expect(JSON.parse(again.stdout)).toMatchObject({ queued: 0, replayed: LINES, refused: 0 });

    await eventually(
      `the ledger to catch up after killing ${killed.join(', ')}`,
      async () => (await api.json<{ lag: { seconds: number } }>('/health')).lag.seconds === 0,
      120_000,
    );
    const { stdout } = await runCommand(['verify', '--json'], settings);
    expect(JSON.parse(stdout)).toMatchObject({ intact: true, findingsTotal: 0 });

    const accepted = new Map<string, number>();
    for (const line of (await (await api.request('/v1/export')).text()).trimEnd().split('\n')) {
      const { entry } = JSON.parse(line) as Partial<Line>;
      if (entry === undefined || entry.source.startsWith('_')) continue;
      expect(entry.verdict).not.toBe('rejected');
      if (entry.verdict === 'accepted') accepted.set(entry.id, (accepted.get(entry.id) ?? 0) + 1);
    }
    for (const line of lines) acknowledged.add((JSON.parse(line) as { id: string }).id);
    const missing = [...acknowledged].filter((id) => accepted.get(id) !== 1);
    expect(missing).toEqual([]);
  });
});
