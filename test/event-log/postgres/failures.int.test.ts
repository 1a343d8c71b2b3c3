/** What becomes of a call when the way to the server, the server or a lock fails. */
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { EventLog } from '../../../src/event-log/port.js';
import { STATEMENT } from '../../../src/event-log/postgres/append-call.js';
import { Appender } from '../../../src/event-log/postgres/appender.js';
import { openPostgresEventLog } from '../../../src/event-log/postgres/event-log.js';
import { LedgerError } from '../../../src/ledger/error.js';
import { createPool } from '../../../src/postgres/pool.js';
import { candidates, collect, everything, revisions, subscribed } from '../../support/event-log.js';
import { asSuperuser, createLedgerDatabase, type LedgerDatabase } from '../../support/ledger-database.js';
import { startProxy, type PostgresProxy } from '../../support/postgres-proxy.js';
import { withParts } from '../../support/postgres.js';

let database: LedgerDatabase;
const opened: EventLog[] = [];
/** what each test undoes when it ends, however it ends */
const cleanups: (() => unknown)[] = [];

beforeAll(async () => {
  database = await createLedgerDatabase();
});

afterEach(async () => {
  for (const clean of cleanups.splice(0)) await clean();
  await Promise.all(opened.splice(0).map((log) => log.close()));
});

afterAll(() => database.drop());

function open(options: { url?: string; deadlineMs?: number; applicationName?: string } = {}): EventLog {
  const log = openPostgresEventLog({ url: database.apiUrl, ...options });
  opened.push(log);
  return log;
}

/** Holds the counter's lock, as a long transaction would, until released. */
async function lockCounter(): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: database.superuserUrl });
  await client.connect();
  await client.query('BEGIN; SELECT FROM event_log.counter FOR UPDATE');
  let held = true;
  const release = async (): Promise<void> => {
    if (held) await client.end();
    held = false;
  };
  cleanups.push(release);
  return release;
}

/** A way to the database that can be cut. */
async function proxied(): Promise<PostgresProxy> {
  const proxy = await startProxy(database.apiUrl);
  cleanups.push(() => proxy.close());
  return proxy;
}

/** Ends the sessions of one application, as an administrator would. */
function terminate(applicationName: string, query = '%'): Promise<number> {
  return asSuperuser(database, async (client) => {
    const { rowCount } = await client.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = $1 AND application_name = $2 AND query LIKE $3`,
      [database.name, applicationName, query],
    );
    return rowCount ?? 0;
  });
}

test('an append that waits for a lock is given up before its deadline, and has written nothing', async () => {
  const log = open({ deadlineMs: 2_000 });
  // the server's limit is a little shorter than ours, and begins when it has the statement: connecting would count
  await log.append('before', candidates(1));
  const release = await lockCounter();
  await expect(log.append('locked', candidates(1))).rejects.toMatchObject({
    code: 'log-unavailable',
    retryable: true,
  });
  await release();
  expect(await collect(log.readSource('locked'))).toEqual([]);
  expect(revisions(await log.append('locked', candidates(1)))).toEqual([0]);
});

test('an append that is given up while it waits for a connection is not written later', async () => {
  const pool = createPool({ url: database.apiUrl, applicationName: 'late', max: 1 });
  cleanups.push(() => pool.end());
  const connecting: { readonly admit: () => void; readonly refuse: (error: Error) => void }[] = [];
  const connect = (): Promise<pg.PoolClient> =>
    new Promise<void>((admit, refuse) => connecting.push({ admit, refuse })).then(() => pool.connect());
  const writePool = { connect } as unknown as pg.Pool;
  const appender = new Appender({ writePool, deadlineMs: 1_000 });
  const began = performance.now();
  const first = appender.append('late', candidates(1));
  await expect.poll(() => connecting).toHaveLength(1);
  const second = appender.append('late', candidates(1));
  // the second one's statement begins when a good part of its time is over
  await expect.poll(() => performance.now() - began).toBeGreaterThan(300);
  connecting[0]?.refuse(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
  await expect(first).rejects.toMatchObject({ code: 'log-unavailable' });
  await expect(second).rejects.toMatchObject({ code: 'log-unavailable' });
  connecting[1]?.admit();
  const third = appender.append('late', candidates(1));
  await expect.poll(() => connecting).toHaveLength(3);
  connecting[2]?.admit();
  expect(revisions(await third)).toEqual([0]);
});

test('where one connection is all that is to be had, everything is written on that one', async () => {
  const pool = createPool({ url: database.apiUrl, applicationName: 'alone', max: 1 });
  cleanups.push(() => pool.end());
  let refused = 0;
  const connect = async (): Promise<pg.PoolClient> => {
    if (pool.totalCount === 0 || pool.idleCount > 0) return pool.connect();
    refused += 1;
    throw Object.assign(new Error('too many connections for role'), { code: '53300' });
  };
  const appender = new Appender({ writePool: { connect } as unknown as pg.Pool, deadlineMs: 10_000 });
  const appending = Array.from({ length: 4 * STATEMENT.rows }, () => appender.append('alone', candidates(1)));
  const outcomes = (await Promise.all(appending)).flat();
  expect(revisions(outcomes)).toEqual(outcomes.map((_, n) => n));
  expect(refused).toBe(1);
});

test('a connection that ends while a statement is under way leaves it uncertain, and sending it again is safe', async () => {
  const log = open({ applicationName: 'cut' });
  const given = candidates(3);
  const release = await lockCounter();
  const appending = log.append('cut', given);
  appending.catch(() => undefined);
  await expect.poll(() => terminate('cut', '%event_log.append%')).toBe(1);
  await expect(appending).rejects.toMatchObject({ code: 'log-uncertain', retryable: true });
  await release();
  expect(revisions(await log.append('cut', given))).toEqual([0, 1, 2]);
});

test('an append that was written but whose answer was lost is uncertain, and is found when sent again', async () => {
  const proxy = await proxied();
  const log = open({ url: proxy.url, deadlineMs: 2_000 });
  const witness = open();
  await log.append('deaf', candidates(1));
  const given = candidates(2);
  proxy.deafen();
  const appending = log.append('deaf', given);
  appending.catch(() => undefined);
  await expect.poll(() => collect(witness.readSource('deaf'))).toHaveLength(3);
  proxy.heal();
  await expect(appending).rejects.toMatchObject({ code: 'log-uncertain' });
  const again = await log.append('deaf', given);
  expect(again.map((outcome) => outcome.status === 'present' && outcome.revision)).toEqual([1, 2]);
});

test('on a server that hangs every call ends at its deadline', async () => {
  const proxy = await proxied();
  const log = open({ url: proxy.url, deadlineMs: 1_500 });
  await log.append('frozen', candidates(1));
  await log.newest();
  proxy.freeze();
  const began = performance.now();
  const [sent, queued, newest, read, health] = await Promise.allSettled([
    log.append('frozen', candidates(1)),
    new Promise((resolve) => setImmediate(resolve)).then(() => log.append('frozen', candidates(1))),
    log.newest(),
    collect(log.readSource('frozen')),
    log.health(),
  ]);
  expect(performance.now() - began).toBeLessThan(4_000);
  expect(sent).toMatchObject({ reason: { code: 'log-uncertain' } });
  expect(queued).toMatchObject({ reason: { code: 'log-unavailable' } });
  expect(newest).toMatchObject({ reason: { code: 'log-unavailable' } });
  expect(read).toMatchObject({ reason: { code: 'log-unavailable' } });
  expect(health).toMatchObject({ value: { status: 'down' } });
  proxy.heal();
  await expect.poll(() => log.health()).toEqual({ status: 'ok' });
  expect((await log.append('frozen', candidates(1)))[0]?.status).toBe('appended');
});

test('says what is wrong with the way to the server', async () => {
  const nowhere = open({ url: 'postgres://nobody@127.0.0.1:1/nothing' });
  await expect(nowhere.append('a', candidates(1))).rejects.toMatchObject({ code: 'log-unavailable' });
  await expect(nowhere.newest()).rejects.toMatchObject({ code: 'log-unavailable' });
  expect(await nowhere.health()).toMatchObject({ status: 'down' });
  const stranger = open({ url: withParts(database.apiUrl, { password: 'wrong' }) });
  await expect(stranger.append('a', candidates(1))).rejects.toMatchObject({ code: 'access-denied' });
  const reader = open({ url: database.readerUrl });
  await expect(reader.append('a', candidates(1))).rejects.toMatchObject({ code: 'access-denied' });
});

test('a read whose connection breaks is done once more', async () => {
  const proxy = await proxied();
  const log = open({ url: proxy.url });
  await log.append('broken', candidates(1));
  expect(await collect(log.readSource('broken'))).toHaveLength(1);
  proxy.freeze();
  const reading = collect(log.readSource('broken'));
  await new Promise((resolve) => setImmediate(resolve));
  proxy.heal();
  expect(await reading).toHaveLength(1);
});

test('a restart between two reads is not noticed', async () => {
  const log = open({ applicationName: 'restarted' });
  await log.append('restarted', candidates(1));
  expect(await collect(log.readSource('restarted'))).toHaveLength(1);
  expect(await terminate('restarted')).toBeGreaterThan(0);
  expect(await collect(log.readSource('restarted'))).toHaveLength(1);
});

test('a live subscription survives the loss of the connection that listens, and listens again', async () => {
  const log = open({ applicationName: 'listener' });
  const writer = open();
  const batches = subscribed(log, await log.newest());
  await batches.next();
  const waiting = batches.next();
  await expect.poll(() => terminate('listener', 'LISTEN%')).toBe(1);
  await writer.append('heard', candidates(1));
  expect(await waiting).toMatchObject({ value: { events: [{ source: 'heard', revision: 0 }] } });
  const next = batches.next();
  await expect.poll(() => terminate('listener', 'LISTEN%')).toBe(1);
  await writer.append('heard', candidates(1));
  expect(await next).toMatchObject({ value: { events: [{ revision: 1 }] } });
  await batches.return(undefined);
});

test('with connections cut at random, what is sent until it succeeds stands there once', async () => {
  const writers = [open({ applicationName: 'shaky' }), open({ applicationName: 'shaky' })];
  const follower = open({ applicationName: 'shaky' });
  const start = await follower.newest();
  const total = 8 * 40;
  const over = new AbortController();
  cleanups.push(() => over.abort());
  const cutting = (async () => {
    while (!over.signal.aborted) await terminate('shaky');
  })();
  const appendUntilDone = async (log: EventLog, source: string): Promise<void> => {
    for (const given of candidates(40)) await untilDone(() => log.append(source, [given]));
  };
  const following = (async () => {
    const seen = new Map<string, string>();
    let after = start;
    while (seen.size < total && !over.signal.aborted) {
      try {
        for await (const { events } of follower.subscribe({ after, signal: over.signal })) {
          for (const event of events) {
            expect(seen.has(event.id)).toBe(false);
            seen.set(event.id, event.position);
            after = event.position;
          }
          if (seen.size >= total) break;
        }
      } catch (error) {
        if (!(error instanceof LedgerError && error.retryable)) throw error;
      }
    }
    return [...seen.keys()];
  })();
  const writing = Promise.all(
    Array.from({ length: 8 }, async (_, n) => appendUntilDone(writers[n % 2] ?? follower, `shaky-${n % 3}`)),
  );
  const [, followed] = await Promise.all([writing, following]);
  over.abort();
  await cutting;
  const events = await everything(follower, start);
  expect(events.map(({ id }) => id)).toEqual(followed);
  expect(new Set(events.map(({ id }) => id)).size).toBe(total);
  expect(events).toHaveLength(total);
});

/** Again and again, as a caller does, for 30 s. */
async function untilDone(call: () => Promise<unknown>): Promise<void> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    try {
      await call();
      return;
    } catch (error) {
      const passing = error instanceof LedgerError && error.retryable;
      if (!passing || performance.now() > deadline) throw error;
    }
  }
}
