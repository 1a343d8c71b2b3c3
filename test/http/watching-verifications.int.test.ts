import { once } from 'node:events';
import { get } from 'node:http';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openOutbox } from '../../src/access/postgres/outbox.js';
import type { LedgerSnapshot } from '../../src/read-model/port.js';
import { accessLines } from '../support/access-events.js';
import { AUTHORIZATION, event, startApi, withRows, type TestApi } from '../support/api.js';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
  await api.post('/v1/events', [event(), event()]);
  await api.caughtUp();
});
afterAll(() => api.close());

/** Another process on the same ledger, which stops as app.ts has it: the outbox after the server. */
async function startProcess(rows: LedgerSnapshot['rows']): Promise<Pick<TestApi, 'url' | 'get' | 'close'>> {
  const outbox = openOutbox({ url: api.database.apiUrl, logger: pino({ level: 'silent' }) });
  const one = await startApi({
    database: api.database,
    project: false,
    server: { outbox },
    wrapReader: withRows(() => rows),
  });
  const close = async (): Promise<void> => {
    await one.close();
    await outbox.close();
  };
  return { url: one.url, get: (path, headers) => one.get(path, headers), close };
}

/** What verifications came to, once all of them are recorded. */
async function told(): Promise<readonly unknown[]> {
  const deliverer = await startProcess(() => {
    throw new Error('nothing is read here');
  });
  const lines = await accessLines(api);
  await deliverer.close();
  return lines.map(({ payload }) => payload);
}

/** As many rows as there may be, and a transaction that takes its time to end. */
async function* withoutEnd(begun: () => void): AsyncGenerator<[]> {
  try {
    for (;;) {
      begun();
      await new Promise((resolve) => setImmediate(resolve));
      yield [];
    }
  } finally {
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

describe('the event of a verification', () => {
  it.each(['application/json', 'application/x-ndjson'])(
    'says that it was aborted, also where the server stops at once (%s)',
    async (accept) => {
      const before = (await told()).length;
      let begun: () => void = () => undefined;
      const reading = new Promise<void>((resolve) => (begun = resolve));
      const one = await startProcess(() => withoutEnd(begun));
      const request = get(`${one.url}/v1/verify`, { headers: { authorization: AUTHORIZATION, accept } });
      const over = Promise.race([once(request, 'response'), once(request, 'close')]);
      request.on('error', () => undefined).on('response', (response) => response.resume());
      await reading;
      await one.close();
      await over;
      expect((await told()).slice(before)).toMatchObject([{ mode: 'full', outcome: 'aborted' }]);
    },
  );

  it('says that it failed, where it could not go on', async () => {
    const before = (await told()).length;
    const one = await startProcess(() => {
      throw new Error('a page cannot be read');
    });
    expect((await one.get('/v1/verify')).status).toBe(500);
    await one.close();
    expect((await told()).slice(before)).toMatchObject([{ mode: 'full', outcome: 'failed', checked: 0 }]);
  });
});
