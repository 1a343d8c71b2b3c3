import { afterEach, beforeEach, expect, it } from 'vitest';
import { serverOf } from '../support/data-directory.js';
import { startLedger, temporaryFolder, type LedgerProcess } from '../support/ledger-process.js';

interface Head {
  readonly size: number;
  readonly hash: string;
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let running: LedgerProcess[];

beforeEach(async () => {
  folder = await temporaryFolder();
  running = [];
});

afterEach(async () => {
  await Promise.all(running.map((ledger) => ledger.stop('SIGTERM')));
  await folder.remove();
});

it('event-ledger start is ready within seconds, takes an event, stops cleanly and has it all at the next start', async () => {
  const data = `${folder.path}/data`;
  const start = async (): Promise<LedgerProcess> => {
    const ledger = await startLedger({ LEDGER_DATA: data });
    running.push(ledger);
    return ledger;
  };
  const first = await start();
  // under 5 s on an idle machine; the tests share two cores with each other
  expect(first.startupMs).toBeLessThan(20_000);
  const { status } = await first.request('/v1/events', {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'wait=10' },
    body: JSON.stringify({
      source: 'billing',
      type: 'customer.billed',
      payload: { customerId: 'c-1', amount: 12.5 },
    }),
  });
  expect(status).toBe(201);
  const head = await first.json<Head>('/v1/head');
  expect(await serverOf(data)).not.toBeNull();

  const stopping = performance.now();
  expect(await first.stop('SIGINT')).toBe(0);
  expect(performance.now() - stopping).toBeLessThan(5_000);
  expect(await serverOf(data)).toBeNull();

  const second = await start();
  expect(await second.json<Head>('/v1/head')).toMatchObject({ size: head.size, hash: head.hash });
});
