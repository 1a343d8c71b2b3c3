import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { EventLog } from '../../src/event-log/port.js';
import { registrationData } from '../../src/schemas/registration.js';
import { changed, exchanged, inserted, removed, swapped } from '../eventstore-double/alterations.js';
import type { EventStoreDouble } from '../eventstore-double/eventstore-double.js';
import { proposed, type LogRecord } from '../eventstore-double/record.js';
import { event, newSource, PASSWORD, startApi, type TestApi } from '../support/api.js';
import { throwAtLog } from '../support/event-log.js';
import { asSuperuser } from '../support/ledger-database.js';
import { runCommand } from '../support/ledger-process.js';
import { compareStores, deepOf, numbered, type ComparedStores } from '../support/compared-stores.js';

const SIZE = 130;
const VICTIM = 70;
const SOURCES = ['orders', 'billing', 'größe/1'];

/** Registrations, events that a schema accepts and rejects, duplicates, foreign events: in log order, three sources in turn. */
async function fill(
  log: EventLog,
  { database, double }: Pick<ComparedStores, 'database' | 'double'>,
): Promise<number> {
  const registration = (n: number, schema: boolean | object) => ({
    ...numbered(90_000 + n, { type: 'schema.registered' }),
    data: registrationData('order.placed', schema as never),
  });
  await log.append('_schemas', [registration(1, true)]);
  for (let n = 1; n < SIZE - 12; n += 3) {
    if (n === 40) await log.append('_schemas', [registration(2, { properties: { n: { multipleOf: 2 } } })]);
    for (const [k, source] of SOURCES.entries()) await log.append(source, [numbered(n + k)]);
  }
  const foreign = Array.from({ length: 11 }, (_, n) => ({
    ...{ source: n % 2 === 0 ? 'orders' : '$odd\u0001', type: 'foreign', metadata: '' },
    ...{ id: numbered(n + 1).id, data: n % 3 === 0 ? '\u0000' : '{"b" : 1}' },
  }));
  if (double === null) await throwAtLog(database.superuserUrl, foreign);
  else {
    // expecting the revision that there is, so that the server does not take a known id for a retry
    for (const { source, ...event } of foreign) {
      const stream = `ledger-${source}`;
      const { status } = double.log.append(
        stream,
        [proposed(event)],
        double.log.last(stream) < 0n ? 'no_stream' : double.log.last(stream),
      );
      expect(status).toBe('written');
    }
  }
  return Math.ceil((SIZE - 13) / 3) * 3 + 2 + foreign.length;
}

let stores: ComparedStores;
let size: number;

function prepare(kind: 'PostgreSQL' | 'EventStoreDB'): void {
  beforeAll(async () => {
    stores = await compareStores(kind, async (log, both) => (size = await fill(log, both)));
  }, 120_000);
  afterEach(() => stores.restore());
  afterAll(() => stores.close());

  it('agree, with rejected events, duplicates and foreign events among them', async () => {
    const steps: number[] = [];
    const report = await stores.verify(({ checked }) => steps.push(checked));
    expect(report.findings).toEqual([]);
    expect(report).toMatchObject({ intact: true, mode: 'deep', checked: size, size });
    expect(steps.length).toBeGreaterThan(1);
  });

  it('differ in a payload that was changed in the ledger', async () => {
    await stores.tamper(`UPDATE ledger.entry SET data = '{"n":2}' WHERE index = ${VICTIM}`);
    expect(deepOf(await stores.verify())).toEqual([['ledger-altered', VICTIM, 'ledger']]);
  });

  it('differ in a verdict that was changed in the ledger', async () => {
    await stores.tamper(`UPDATE ledger.entry
      SET verdict = CASE verdict WHEN 'accepted' THEN 'rejected' ELSE 'accepted' END WHERE index = ${VICTIM}`);
    expect(deepOf(await stores.verify())).toEqual([['ledger-altered', VICTIM, 'ledger']]);
  });

  it('differ in an entry that was taken out of the ledger', async () => {
    await stores.tamper(`DELETE FROM ledger.entry WHERE index = ${VICTIM}`);
    expect(deepOf(await stores.verify())).toEqual([['unexpected-event', VICTIM, 'ledger']]);
  });

  it('differ in two entries that changed places in the ledger', async () => {
    await stores.tamper(
      `UPDATE ledger.entry SET index = -1 WHERE index = 20; UPDATE ledger.entry SET index = 20 WHERE index = 90;
       UPDATE ledger.entry SET index = 90 WHERE index = -1`,
    );
    expect(deepOf(await stores.verify())).toEqual([
      ['event-order', 20, 'ledger'],
      ['event-order', 90, 'ledger'],
    ]);
  });

  it('differ in the position that the head states, whatever it is', async () => {
    await stores.tamper(`UPDATE ledger.head SET position = 'nowhere'`);
    expect(deepOf(await stores.verify())).toEqual([['head-mismatch', size - 1, 'ledger']]);
    await stores.tamper(`UPDATE ledger.head SET position = NULL`);
    expect(deepOf(await stores.verify())).toEqual([['head-mismatch', size - 1, 'ledger']]);
  });

  it('say of a head that is none what full verification says', async () => {
    await stores.tamper(`UPDATE ledger.head SET hash = '\\x00'`);
    expect((await stores.verify()).findings).toContainEqual(
      expect.objectContaining({ code: 'unreadable-value' }),
    );
  });
}

describe('a ledger and its log in PostgreSQL', () => {
  prepare('PostgreSQL');

  it('differ in a payload that was changed in the log', async () => {
    await stores.tamper(`UPDATE event_log.event SET data = '{"n":2}' WHERE position = ${VICTIM + 1}`);
    expect(deepOf(await stores.verify())).toEqual([['log-altered', VICTIM, 'log']]);
  });

  it('differ in an event that was taken out of the log', async () => {
    await stores.tamper(`DELETE FROM event_log.event WHERE position = ${VICTIM + 1}`);
    expect(deepOf(await stores.verify())).toEqual([['missing-event', VICTIM, 'log']]);
  });

  it('differ in the data of an event that were blanked', async () => {
    await stores.tamper(`UPDATE event_log.event SET data = '' WHERE position = ${VICTIM + 1}`);
    expect(deepOf(await stores.verify())).toEqual([['log-redacted', VICTIM, 'log']]);
  });

  it('differ in an event too many', async () => {
    await stores.tamper(
      `ALTER TABLE event_log.event DROP CONSTRAINT event_position;
       UPDATE event_log.event SET position = -position - 1 WHERE position > ${VICTIM};
       UPDATE event_log.event SET position = -position WHERE position < 0;
       INSERT INTO event_log.event (position, source, revision, id, type, data, metadata, logged_at)
       VALUES (${VICTIM + 1}, 'new', 0, gen_random_uuid(), 't', '{}', '', now());
       UPDATE ledger.head SET position = ${size + 1}`,
    );
    expect(deepOf(await stores.verify())).toEqual([['unexpected-event', null, 'log']]);
  });

  it('differ in two events that changed places in the log', async () => {
    await stores.tamper(
      `ALTER TABLE event_log.event DROP CONSTRAINT event_position;
       UPDATE event_log.event SET position = -1 WHERE position = 21;
       UPDATE event_log.event SET position = 21 WHERE position = 91;
       UPDATE event_log.event SET position = 91 WHERE position = -1`,
    );
    expect(deepOf(await stores.verify())).toEqual([
      ['event-order', 20, 'log'],
      ['event-order', 90, 'log'],
    ]);
  });

  it('differ from some entry on when an older backup of the log was restored', async () => {
    await stores.tamper(`DELETE FROM event_log.event WHERE position > 100`);
    const report = await stores.verify();
    expect(report.findings[0]).toMatchObject({ code: 'log-replaced', store: 'log', index: 100 });
  });
});

describe('a ledger in PostgreSQL and its log in EventStoreDB', () => {
  prepare('EventStoreDB');

  const double = (): EventStoreDouble => {
    if (stores.double === null) throw new Error('the log is in PostgreSQL');
    return stores.double;
  };
  const recordOf = (index: number): LogRecord => {
    const record = double().log.records.filter(({ stream }) => stream.startsWith('ledger-'))[index];
    if (record === undefined) throw new RangeError(`no record ${index}`);
    return record;
  };
  const entriesOf = (stream: string): readonly number[] =>
    double()
      .log.records.filter((record) => record.stream.startsWith('ledger-'))
      .flatMap((record, index) => (record.stream === stream ? [index] : []));
  const setMetadata = (stream: string, metadata: object): void => {
    double().log.append(`$$${stream}`, [proposed({ type: '$metadata', data: JSON.stringify(metadata) })]);
  };

  it('differ in a payload that was changed in the log', async () => {
    await double().alter(changed(recordOf(VICTIM), { data: Buffer.from('{"n":2}') }));
    expect(deepOf(await stores.verify())).toEqual([['log-altered', VICTIM, 'log']]);
  });

  it('differ in an event that was redacted', async () => {
    const record = recordOf(VICTIM);
    await double().alter(changed(record, { data: Buffer.alloc(record.data.length) }));
    expect(deepOf(await stores.verify())).toEqual([['log-redacted', VICTIM, 'log']]);
  });

  it.each([false, true])(
    'differ in an event that was taken out of the log, numbered anew: %s',
    async (renumber) => {
      await double().alter(removed(recordOf(VICTIM), { renumber }));
      expect(deepOf(await stores.verify())).toEqual([['missing-event', VICTIM, 'log']]);
    },
  );

  it('differ in an event that was put into the log', async () => {
    await double().alter(inserted(recordOf(VICTIM), proposed({ data: '{"put":"in"}' })));
    expect(deepOf(await stores.verify())).toEqual([['unexpected-event', null, 'log']]);
  });

  it('differ in two events that changed places, and in two that changed contents', async () => {
    await double().alter(swapped(recordOf(20), recordOf(90)));
    const both = [
      ['event-order', 20, 'log'],
      ['event-order', 90, 'log'],
    ];
    expect(deepOf(await stores.verify())).toEqual(both);
    await stores.restore();
    await double().alter(exchanged(recordOf(20), recordOf(90)));
    expect(deepOf(await stores.verify())).toEqual(both);
  });

  it('differ in a stream that is truncated, before and after a scavenge', async () => {
    setMetadata('ledger-billing', { $tb: 5 });
    const entries = entriesOf('ledger-billing');
    expect(deepOf(await stores.verify())).toEqual([['log-truncated', entries[0], 'log']]);
    double().scavenge();
    expect(deepOf(await stores.verify())).toEqual(
      entries.slice(0, 5).map((index) => ['log-truncated', index, 'log']),
    );
  });

  it('differ in streams that keep a number of events, or hide all', async () => {
    setMetadata('ledger-billing', { $maxCount: 3 });
    const entries = entriesOf('ledger-billing');
    expect(deepOf(await stores.verify())).toEqual([['log-truncated', entries[0], 'log']]);
    double().scavenge();
    expect(deepOf(await stores.verify())).toEqual(
      entries.slice(0, -3).map((index) => ['log-truncated', index, 'log']),
    );
  });

  it.each(['delete', 'tombstone'] as const)('differ in a stream that met a %s', async (kind) => {
    const entries = entriesOf('ledger-orders');
    double().log[kind]('ledger-orders', 'any');
    expect(deepOf(await stores.verify())).toEqual([['log-deleted', entries[0], 'log']]);
    double().scavenge();
    // of a stream that was only deleted a scavenge keeps the last event, so that its revisions go on
    const gone = kind === 'delete' ? entries.slice(0, -1) : entries;
    const report = await stores.verify();
    expect(report.findingsTotal).toBe(gone.length);
    expect(deepOf(report)).toEqual(gone.map((index) => ['log-deleted', index, 'log']));
  });

  it('go on being judged alike when the stream of schemas is gone', async () => {
    const entries = entriesOf('ledger-_schemas');
    double().log.tombstone('ledger-_schemas', 'any');
    double().scavenge();
    expect(deepOf(await stores.verify())).toEqual(entries.map((index) => ['log-deleted', index, 'log']));
  });

  it('differ from some entry on when the log was restored from an older backup', async () => {
    const { records, end } = double().snapshot();
    const place = records.indexOf(recordOf(100));
    await double().restore({ records: records.slice(0, place), end });
    const report = await stores.verify();
    expect(report.findings[0]).toMatchObject({ code: 'log-replaced', store: 'log', index: 100 });
    expect(report.findings.filter(({ code }) => code === 'missing-event')).toHaveLength(size - 100);
  });
});

describe('a payload index', () => {
  beforeAll(async () => {
    stores = await compareStores('PostgreSQL', async (log) => {
      await log.append(
        'orders',
        Array.from({ length: 1_100 }, (_, n) => numbered(n)),
      );
      return 1_100;
    });
  }, 120_000);
  afterEach(() => stores.restore());
  afterAll(() => stores.close());

  it('is what the entries give', async () => {
    expect(await stores.verify()).toMatchObject({ intact: true, checked: 1_100 });
  });

  it.each([
    ['lacks a term', 'DELETE FROM ledger.term WHERE term = (SELECT min(term) FROM ledger.term)'],
    [
      'names other places',
      `UPDATE ledger.term SET places = '\\x0001' WHERE term = (SELECT min(term) FROM ledger.term)`,
    ],
    ['states other times', 'UPDATE ledger.segment SET recorded_to = recorded_from'],
  ])('is found when it %s', async (_what, statement) => {
    await stores.tamper(statement);
    expect(deepOf(await stores.verify())).toEqual([['payload-index-mismatch', 0, 'ledger']]);
  });

  it('is not held against an entry that was altered', async () => {
    await stores.tamper(`UPDATE ledger.entry SET data = '{"n":2}' WHERE index = 700`);
    expect(deepOf(await stores.verify())).toEqual([['ledger-altered', 700, 'ledger']]);
  });
});

describe('GET /v1/verify?mode=deep', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startApi();
    const source = newSource();
    await api.post(
      '/v1/events',
      Array.from({ length: 30 }, (_, n) => event({ source, payload: n })),
    );
    await api.caughtUp();
  });
  afterAll(() => api.close());

  it('answers a report of its own mode, which /health remembers', async () => {
    const { status, body } = await api.get('/v1/verify?mode=deep');
    expect(status).toBe(200);
    expect(body).toMatchObject({ intact: true, mode: 'deep', checked: 30, size: 30, findings: [] });
    const { body: health } = await api.get<{ lastVerification: unknown }>('/health');
    expect(health.lastVerification).toMatchObject({ intact: true, mode: 'deep' });
  });

  it('as lines: progress, and the report last', async () => {
    const { text } = await api.get('/v1/verify?mode=deep', { accept: 'application/x-ndjson' });
    const lines = text.trimEnd().split('\n');
    expect(lines[0]).toContain('"progress"');
    expect(lines.at(-1)).toContain('"mode":"deep"');
  });

  it.each(['fromIndex=1', 'toIndex=1', 'source=a'])('is of the whole ledger: no %s', async (parameter) => {
    const { status, body } = await api.get(`/v1/verify?mode=deep&${parameter}`);
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'invalid-parameter' });
  });

  it('runs once at a time in a process, and not beside a full one', async () => {
    const both = await Promise.all([api.get('/v1/verify?mode=deep'), api.get('/v1/verify')]);
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 429]);
  });

  it('sees events come while it reads, and takes them for neither missing nor too many', async () => {
    const done = new AbortController();
    const writing = (async () => {
      while (!done.signal.aborted) await api.post('/v1/events', [event(), event()]);
    })();
    for (let run = 0; run < 10; run++) {
      expect((await api.get('/v1/verify?mode=deep')).body).toMatchObject({ intact: true, findings: [] });
    }
    done.abort();
    await writing;
    await api.caughtUp();
  });

  it('is what event-ledger verify --mode deep shows', async () => {
    const settings = { LEDGER_URL: api.url, LEDGER_ADMIN_PASSWORD: PASSWORD };
    const sound = await runCommand(['verify', '--mode', 'deep'], settings);
    expect(sound).toMatchObject({ code: 0, stdout: expect.stringContaining('intact') as string });
    await asSuperuser(api.database, async (client) => {
      await client.query('ALTER TABLE event_log.event DISABLE TRIGGER ALL');
      await client.query("UPDATE event_log.event SET data = '666' WHERE position = 7");
    });
    const altered = await runCommand(['verify', '--mode', 'deep'], settings);
    expect(altered.code).toBe(1);
    expect(altered.stdout).toMatch(/log-altered {2}index 6 .*the log was changed/);
  });
});
