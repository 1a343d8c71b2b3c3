import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectToLedger } from '../../src/client/index.js';
import {
  eventually,
  PASSWORD,
  runCommand,
  startCommand,
  startLedger,
  temporaryFolder,
  type LedgerProcess,
} from '../support/ledger-process.js';

const RESTARTS = 20;
const EVENTS = 10_000;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let ledger: LedgerProcess;

beforeAll(async () => {
  folder = await temporaryFolder();
  ledger = await start('0');
});
afterAll(async () => {
  await ledger.stop();
  await folder.remove();
});

const start = (port: string): Promise<LedgerProcess> =>
  startLedger({ LEDGER_DATA: `${folder.path}/data`, PORT: port });

/** Ends the server and everything it runs, and starts it again on the same port, until it was done often enough. */
async function restartOften(): Promise<void> {
  for (let n = 0; n < RESTARTS; n += 1) {
    await delay(randomInt(200, 2_000));
    await ledger.stop(n % 4 === 0 ? 'SIGTERM' : 'SIGKILL');
    ledger = await start(new URL(ledger.url).port);
  }
}

it('a client loses nothing and sends nothing twice, a tail misses and repeats nothing, while the server is killed', async () => {
  const client = connectToLedger({ url: ledger.url, password: PASSWORD, maxEvents: 500 });
  const given = Array.from({ length: EVENTS }, () => randomUUID());
  const ended = new AbortController();
  const seen: { readonly index: number; readonly id: string; readonly wrong: number }[] = [];
  const tailing = (async () => {
    for await (const { header, findings } of client.tail({ fromIndex: 0, signal: ended.signal })) {
      seen.push({ index: header.index, id: header.id, wrong: findings.length });
    }
  })().catch((error: unknown) => {
    if (!ended.signal.aborted) throw error;
  });

  const restarts = { over: false };
  const restarting = restartOften().finally(() => (restarts.over = true));
  for (const [n, id] of given.entries()) {
    const event = { id, source: `source-${n % 3}`, type: 't', payload: { n } };
    while (!client.enqueue(event)) await delay(20);
    // as many as there are, over the whole time
    if (n % 20 === 0 && !restarts.over) await delay(60);
  }
  await restarting;
  await client.flush();
  await eventually('the tail to have all', () => Promise.resolve(seen.length >= EVENTS), 60_000);
  ended.abort();
  await tailing;
  expect(await client.close()).toEqual([]);

  expect(new Set(seen.map(({ id }) => id))).toEqual(new Set(given));
  expect(seen.length).toBe(EVENTS);
  expect(seen.map(({ index }) => index)).toEqual(seen.map(({ index }) => index).toSorted((a, b) => a - b));
  expect(seen.filter(({ wrong }) => wrong > 0)).toEqual([]);
  const { verdicts } = await ledger.json<{ verdicts: Record<string, number> }>('/stats');
  expect(verdicts).toMatchObject({ rejected: 0, duplicate: 0 });
  const { stdout } = await runCommand(['verify', '--json'], { LEDGER_URL: ledger.url });
  expect(JSON.parse(stdout)).toMatchObject({ intact: true });
});

it('event-ledger tail shows what comes, and goes on when the server comes back', async () => {
  const settings = { LEDGER_URL: ledger.url };
  const { size } = await ledger.json<{ size: number }>('/v1/head');
  const report = (n: number): Promise<unknown> =>
    ledger.json('/v1/events', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ source: 'tailed', type: 't', payload: n }),
    });
  await report(1);
  const tailing = startCommand(['tail', '--from-index', String(size), '-f', 'source=tailed'], settings);
  await eventually('the first line', () => Promise.resolve(tailing.lines().length === 1));
  await ledger.stop('SIGKILL');
  ledger = await start(new URL(ledger.url).port);
  await report(2);
  await eventually('the second line', () => Promise.resolve(tailing.lines().length === 2));
  expect(await tailing.stop()).toBe(0);
  expect(tailing.lines().map((line) => (JSON.parse(line) as { payload: unknown }).payload)).toEqual([1, 2]);
});
