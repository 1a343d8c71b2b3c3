import { randomUUID } from 'node:crypto';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AccessEvent } from '../../src/access/access-event.js';
import type { Outbox } from '../../src/access/port.js';
import { openCredentialRegister } from '../../src/access/postgres/register.js';
import { openOutbox } from '../../src/access/postgres/outbox.js';
import type { EventLog } from '../../src/event-log/port.js';
import { LedgerError } from '../../src/ledger/error.js';
import {
  accessLines,
  SOMEBODY,
  untilDelivered,
  waitingIn,
  type AccessLine,
} from '../support/access-events.js';
import { startApi, type TestApi, type TestApiOptions } from '../support/api.js';
import { throwAtLog } from '../support/event-log.js';
import { asSuperuser, createLedgerDatabase, type LedgerDatabase } from '../support/ledger-database.js';
import { startProxy } from '../support/postgres-proxy.js';

let database: LedgerDatabase;
let ending: (() => Promise<void>)[];
beforeEach(async () => {
  database = await createLedgerDatabase();
  ending = [];
});
afterEach(async () => {
  for (const end of ending.reverse()) await end();
  await database.drop();
});

function outboxOf(url: string, log: string[] = []): Outbox {
  const outbox = openOutbox({ url, logger: pino({ level: 'info' }, { write: (line) => log.push(line) }) });
  ending.push(() => outbox.close());
  return outbox;
}

/** An API process, which delivers. */
async function startProcess(
  options: TestApiOptions & { readonly url?: string; readonly log?: string[] } = {},
): Promise<{ readonly api: TestApi; readonly outbox: Outbox }> {
  const { url = database.apiUrl, log = [], ...others } = options;
  const outbox = outboxOf(url, log);
  const api = await startApi({ database, server: { outbox }, ...others });
  ending.push(() => api.close());
  return { api, outbox };
}

const happened = (n: number): AccessEvent => ({ type: 'test.happened', payload: { n }, by: SOMEBODY });

const numbersOf = async (api: TestApi): Promise<readonly unknown[]> =>
  (await accessLines(api)).map(({ payload }) => payload.n);

describe('what is put into the outbox', () => {
  it('becomes an entry of _access at once, with who did it, and when', async () => {
    const { api } = await startProcess();
    const register = openCredentialRegister({ url: database.adminUrl });
    const before = new Date().toISOString();
    const by = { recordedBy: 'an admin', actor: 'somebody', context: { requestId: 'r-1' } };
    const { credential } = await register.add(
      { name: 'm', roles: ['monitor'], sources: [], kind: 'key', lifetimeMs: null },
      by,
    );
    await register.close();
    const lines = await accessLines(api);
    expect(lines).toMatchObject([
      {
        entry: { type: 'credential.added', verdict: 'accepted', recordedBy: 'an admin', actor: 'somebody' },
        payload: { id: credential.id, name: 'm', kind: 'key', roles: ['monitor'], expiresAt: null },
        metadata: { context: { requestId: 'r-1', databaseLogin: `${database.name}_admin` } },
      },
    ]);
    const occurredAt = lines[0]?.entry.occurredAt ?? '';
    expect([before <= occurredAt, occurredAt <= new Date().toISOString()]).toEqual([true, true]);
  });

  it('is recorded once and in order, however many processes deliver', async () => {
    const [{ api, outbox }] = await Promise.all([startProcess(), startProcess({ project: false })]);
    const numbers = Array.from({ length: 400 }, (_, n) => n);
    await Promise.all(numbers.map((n) => outbox.put(happened(n))));
    expect(await numbersOf(api)).toEqual(numbers);
  });

  it('waits while the log is away, and hinders nobody', async () => {
    let isAway = true;
    const { api, outbox } = await startProcess({
      wrapLog: (log): EventLog => ({
        ...log,
        append: (...args) =>
          isAway ? Promise.reject(new LedgerError('log-unavailable', 'away')) : log.append(...args),
      }),
    });
    for (const n of [0, 1, 2]) await outbox.put(happened(n));
    expect(await waitingIn(database)).toBe(3);
    expect((await api.get('/metrics')).text).toContain('event_ledger_outbox_events 3\n');
    isAway = false;
    expect(await numbersOf(api)).toEqual([0, 1, 2]);
    expect((await api.get('/metrics')).text).toContain('event_ledger_outbox_events 0\n');
  });

  it('is recorded once where the log had it, and nobody heard', async () => {
    const appended: number[] = [];
    const { api, outbox } = await startProcess({
      wrapLog: (log): EventLog => ({
        ...log,
        async append(source, candidates, options) {
          const outcomes = await log.append(source, candidates, options);
          appended.push(candidates.length);
          if (appended.length === 1) throw new Error('as if the process were gone');
          return outcomes;
        },
      }),
    });
    await outbox.put(happened(7));
    expect(await numbersOf(api)).toEqual([7]);
  });

  it('is recorded once where the database did not say whether it was taken from the outbox', async () => {
    const proxy = await startProxy(database.apiUrl);
    ending.push(() => proxy.close());
    let appends = 0;
    const { api } = await startProcess({
      url: proxy.url,
      wrapLog: (log): EventLog => ({
        ...log,
        async append(...args) {
          appends += 1;
          if (appends === 1) proxy.deafen();
          return log.append(...args);
        },
      }),
    });
    await outboxOf(database.apiUrl).put(happened(1));
    await expect.poll(() => appends).toBeGreaterThan(0);
    proxy.heal();
    expect(await numbersOf(api)).toEqual([1]);
  });

  it('holds up nothing when it can never be recorded, stays, and is reported once', async () => {
    const log: string[] = [];
    const { api, outbox } = await startProcess({ log });
    const id = randomUUID();
    await throwAtLog(database.apiUrl, [{ source: '_access', type: 'squatter', id, data: '{"n":"x"}' }]);
    await asSuperuser(database, (client) =>
      client.query(
        `INSERT INTO access.outbox (id, type, payload, recorded_by, occurred_at)
         VALUES ($1, 'test.happened', '{}', 'x', now())`,
        [id],
      ),
    );
    await outbox.put(happened(2));
    await expect.poll(() => waitingIn(database)).toBe(1);
    const told = (): readonly string[] => log.filter((line) => line.includes('cannot be recorded'));
    await outbox.put(happened(3));
    await expect.poll(() => waitingIn(database)).toBe(1);
    expect(told()).toHaveLength(1);
    await asSuperuser(database, (client) => client.query('DELETE FROM access.outbox'));
    expect(await numbersOf(api)).toEqual(['x', 2, 3]);
  });
});

describe('what no program of ours writes into the outbox', () => {
  it.each([
    ['a time that is none', `'{}', 'x', NULL, 'infinity'`],
    ['a time before all others', `'{}', 'x', NULL, '4713-01-01 BC'`],
    ['nobody who did it', `'{}', '', NULL, now()`],
    ['a name without end', `'{}', repeat('x', 1000), NULL, now()`],
    ['an actor who is none', `'{}', 'x', '', now()`],
    [
      'a payload that is nested without end',
      `(repeat('[', 4000) || repeat(']', 4000))::json, 'x', NULL, now()`,
    ],
    ['a payload that is no object', `'1e999', 'x', NULL, now()`],
  ])('holds up nothing: %s', async (_what, row) => {
    const { api, outbox } = await startProcess();
    await asSuperuser(database, (client) =>
      client.query(
        `INSERT INTO access.outbox (id, type, payload, recorded_by, actor, occurred_at)
         VALUES (gen_random_uuid(), 'test.forged', ${row})`,
      ),
    );
    await outbox.put(happened(2));
    const recorded = async (): Promise<readonly unknown[]> => {
      const { body } = await api.get<{ events: AccessLine[] }>(
        '/v1/events?source=_access&internal=true&type=test.happened',
      );
      return body.events.map(({ payload }) => payload.n);
    };
    await expect.poll(recorded, { timeout: 5_000 }).toEqual([2]);
  });
});

describe('a login that may not write to the outbox', () => {
  it('is told of once, with what gives it the right, and has nothing recorded', async () => {
    const log: string[] = [];
    const outbox = outboxOf(database.readerUrl, log);
    outbox.deliver(() => Promise.resolve([]));
    await expect(outbox.put(happened(1))).rejects.toMatchObject({ code: 'access-denied' });
    const told = (): readonly string[] => log.filter((line) => line.includes('migrate --grant LOGIN=api'));
    await expect.poll(() => told().length).toBe(1);
    expect(JSON.parse(told()[0] ?? '')).toMatchObject({ level: 50, err: { code: 'access-denied' } });
  });
});

describe('while the database is away', () => {
  it('what must be recorded before it happens is refused, and what happened is recorded later', async () => {
    const proxy = await startProxy(database.apiUrl);
    ending.push(() => proxy.close());
    const log: string[] = [];
    const { api, outbox } = await startProcess({ url: proxy.url, log });
    await outbox.put(happened(0));
    await untilDelivered(database);
    proxy.freeze();
    const started = performance.now();
    await Promise.all([outbox.note(happened(1)), outbox.note(happened(2))]);
    expect(performance.now() - started).toBeLessThan(2_000);
    await expect(outbox.put(happened(3))).rejects.toMatchObject({ code: 'store-unavailable' });
    expect((await api.get('/metrics')).text).not.toContain('event_ledger_outbox_events');
    proxy.heal();
    await expect.poll(() => numbersOf(api)).toEqual([0, 1, 2]);
    expect(log.filter((line) => line.includes('cannot be written'))).toHaveLength(1);
  });

  it('what comes after the end is counted as lost, and not promised', async () => {
    const log: string[] = [];
    const outbox = outboxOf(database.apiUrl, log);
    await outbox.close();
    await outbox.note(happened(1));
    expect(log.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual([
      'events of _access could not be written before the end',
    ]);
  });

  it('a server that hangs keeps nobody from stopping, and what is lost is counted', async () => {
    const proxy = await startProxy(database.apiUrl);
    ending.push(() => proxy.close());
    const log: string[] = [];
    const { outbox } = await startProcess({ url: proxy.url, log, project: false });
    proxy.freeze();
    await outbox.note(happened(1));
    const started = performance.now();
    await outbox.close();
    expect(performance.now() - started).toBeLessThan(2_500);
    expect(log.at(-1)).toContain('"events":1,"msg":"events of _access could not be written before the end"');
  });
});
