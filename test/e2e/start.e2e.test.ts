import { expect, it } from 'vitest';
import { serverOf } from '../support/data-directory.js';
import { ownLedgers } from '../support/own-ledgers.js';

interface Head {
  readonly size: number;
  readonly hash: string;
}

const own = ownLedgers();

it('event-ledger start is ready within seconds, takes an event, stops cleanly and has it all at the next start', async () => {
  const data = `${own.folder}/data`;
  const first = await own.start();
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

  const second = await own.start();
  expect(await second.json<Head>('/v1/head')).toMatchObject({ size: head.size, hash: head.hash });
});
