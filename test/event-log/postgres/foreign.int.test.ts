/** Events that other programs write into the table, and rows that somebody put there by hand. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EventLog } from '../../../src/event-log/port.js';
import { openPostgresEventLog } from '../../../src/event-log/postgres/event-log.js';
import type { Revision } from '../../../src/ledger/types.js';
import {
  candidate,
  candidates,
  collect,
  everything,
  revisions,
  subscribed,
  throwAtLog,
} from '../../support/event-log.js';
import { asSuperuser, createLedgerDatabase, type LedgerDatabase } from '../../support/ledger-database.js';

let database: LedgerDatabase;
let log: EventLog;

beforeAll(async () => {
  database = await createLedgerDatabase();
  log = openPostgresEventLog({ url: database.apiUrl });
});

afterAll(async () => {
  await log.close();
  await database.drop();
});

test('a plain INSERT gets the next places, and wakes who is subscribed', async () => {
  await log.append('mixed', candidates(2));
  const batches = subscribed(log, await log.newest());
  await batches.next();
  const waiting = batches.next();
  await throwAtLog(database.apiUrl, [{ source: 'mixed' }, { source: 'foreign' }, { source: 'mixed' }]);
  const { value } = await waiting;
  await batches.return(undefined);
  expect(value?.events.map(({ source, revision }) => [source, revision])).toEqual([
    ['mixed', 2],
    ['foreign', 0],
    ['mixed', 3],
  ]);
  expect(revisions(await log.append('mixed', candidates(1)))).toEqual([4]);
  const positions = (await everything(log)).map(({ position }) => Number(position));
  expect(positions).toEqual(positions.map((_, n) => n + 1));
});

test('of several events under one identity the first is the one that is present', async () => {
  const [wanted] = candidates(1);
  if (wanted === undefined) throw new RangeError();
  const { id } = wanted;
  await throwAtLog(database.apiUrl, [
    { source: 'twice' },
    { source: 'twice', id, data: '"first"' },
    { source: 'elsewhere', id },
    { source: 'twice', id, data: '"second"' },
  ]);
  const [outcome] = await log.append('twice', [wanted]);
  expect(outcome).toMatchObject({ status: 'present', event: { source: 'twice', revision: 1 } });
});

test('bytes that are no text have a source and a type of their own', async () => {
  const bytes = [
    Buffer.of(0xff),
    Buffer.of(0xfe),
    Buffer.from('\u0000~ff'),
    Buffer.of(0),
    Buffer.alloc(5_000, 0xc0),
  ];
  await throwAtLog(
    database.apiUrl,
    bytes.map((name) => ({ source: name, type: name, data: name, metadata: name })),
  );
  const events = (await everything(log)).slice(-bytes.length);
  expect(new Set(events.map(({ source }) => source)).size).toBe(bytes.length);
  for (const [n, event] of events.entries()) {
    expect([event.data, event.metadata]).toEqual([bytes[n], bytes[n]]);
    expect(event.type).toBe(event.source);
    expect(await collect(log.readSource(event.source))).toEqual([event]);
    expect(await log.lookUp(event.source, 0 as Revision)).toEqual({ status: 'found', event });
    expect(revisions(await log.append(event.source, candidates(1)))).toEqual([1]);
  }
});

test('the same identity again is an event again, and an append finds the first', async () => {
  const id = randomUUID();
  await throwAtLog(database.apiUrl, [
    { source: 'again', id, data: '1' },
    { source: 'again', id, data: '2' },
    { source: 'other', id, data: '3' },
  ]);
  expect(await collect(log.readSource('again'))).toHaveLength(2);
  const [outcome] = await log.append('again', [candidate({ id })]);
  expect(outcome).toMatchObject({ status: 'present', event: { revision: 0, data: Buffer.from('1') } });
});

test('a record larger than the log takes is refused, and one just as large is read', async () => {
  const data = Buffer.alloc(16_777_216 - 'large'.length - 'foreign'.length);
  await expect(
    throwAtLog(database.apiUrl, [{ source: 'large', data: Buffer.concat([data, Buffer.of(0)]) }]),
  ).rejects.toMatchObject({ code: '23514' });
  await throwAtLog(database.apiUrl, [{ source: 'large', data }]);
  const [event] = await collect(log.readSource('large'));
  expect(event?.data.length).toBe(data.length);
});

test('after rows were put in with their places the log goes on behind them', async () => {
  const newest = Number(await log.newest());
  await asSuperuser(database, (client) =>
    client.query(
      `INSERT INTO event_log.event (position, source, revision, id, type, data, metadata, logged_at)
       SELECT $1 + n, 'restored', n - 1, gen_random_uuid(), 't', 'd', 'm', now() FROM generate_series(1, 3) AS n`,
      [newest],
    ),
  );
  expect(revisions(await log.append('restored', candidates(1)))).toEqual([3]);
  expect(Number(await log.newest())).toBe(newest + 4);
});

test('an event that was removed is hidden, not absent, and the others are delivered', async () => {
  await log.append('robbed', candidates(3));
  const [first, second, third] = await collect(log.readSource('robbed'));
  await asSuperuser(database, (client) =>
    client.query(
      `ALTER TABLE event_log.event DISABLE TRIGGER ALL;
       DELETE FROM event_log.event WHERE position = ${Number(second?.position)};
       ALTER TABLE event_log.event ENABLE TRIGGER ALL`,
    ),
  );
  expect(await log.lookUp('robbed', 1 as Revision)).toEqual({ status: 'hidden', reason: 'deleted' });
  expect(await log.lookUp('robbed', 2 as Revision)).toMatchObject({ status: 'found' });
  expect(await everything(log, first?.position)).toEqual([third]);
});
