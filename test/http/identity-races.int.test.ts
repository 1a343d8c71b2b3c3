/** One identity, two contents, two API servers: exactly one of them is recorded, and nobody is told otherwise. */
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEventStoreDbEventLog } from '../../src/event-log/eventstoredb/event-log.js';
import type { EventLog } from '../../src/event-log/port.js';
import { openPostgresEventLog } from '../../src/event-log/postgres/event-log.js';
import { startProjector } from '../../src/projector/projector.js';
import { openWriter } from '../../src/read-model/writer.js';
import { startEventStoreDouble } from '../eventstore-double/eventstore-double.js';
import { event, newSource, startApi, type Answer, type TestApi } from '../support/api.js';
import { createLedgerDatabase, type LedgerDatabase } from '../support/ledger-database.js';

interface Told {
  readonly eventId: string;
  readonly revision: number;
  readonly code?: string;
  readonly errors?: readonly { readonly pointer: string }[];
}

interface Results {
  readonly results: readonly { readonly status: number; readonly revision?: number }[];
}

/** Where the log is; opened once by each server. */
const LOGS: readonly [
  string,
  (database: LedgerDatabase) => Promise<{ open: () => EventLog; stop: () => Promise<void> }>,
][] = [
  [
    'the log in PostgreSQL',
    ({ allUrl }) =>
      Promise.resolve({
        open: () => openPostgresEventLog({ url: allUrl }),
        stop: () => Promise.resolve(),
      }),
  ],
  [
    'the log in EventStoreDB',
    async () => {
      const double = await startEventStoreDouble();
      return { open: () => openEventStoreDbEventLog({ url: double.url }), stop: () => double.stop() };
    },
  ],
];

describe.each(LOGS)('with %s, two servers', (_name, start) => {
  let database: LedgerDatabase;
  let stores: Awaited<ReturnType<typeof start>>;
  let logs: readonly EventLog[];
  let servers: readonly [TestApi, TestApi];

  beforeAll(async () => {
    database = await createLedgerDatabase();
    stores = await start(database);
    logs = [stores.open(), stores.open(), stores.open()];
    const serve = (n: number): Promise<TestApi> =>
      startApi({ database, project: false, wrapLog: (own) => logs[n] ?? own });
    servers = [await serve(0), await serve(1)];
  });
  afterAll(async () => {
    for (const server of servers) await server.close();
    await Promise.all(logs.map((log) => log.close()));
    await stores.stop();
    await database.drop();
  });

  /** Given to both servers by turns, all at once. */
  const atOnce = <Body = Told>(bodies: readonly unknown[]): Promise<readonly Answer<Body>[]> =>
    Promise.all(bodies.map((body, n) => servers[n % 2 === 0 ? 0 : 1].post<Body>('/v1/events', body)));

  async function payloads(source: string): Promise<readonly unknown[]> {
    const { body } = await servers[0].get<{ events: { payload: unknown }[] }>(
      `/v1/sources/${source}/events?limit=500`,
    );
    return body.events.map(({ payload }) => payload);
  }

  it('that get other contents at the same moment record one, and the rest are conflicts with it', async () => {
    const source = newSource();
    for (let round = 0; round < 10; round += 1) {
      const sent = [0, 1, 2, 3].map((n) =>
        event({ source, id: `round ${round}`, payload: `${round}: ${n}` }),
      );
      const answers = await atOnce(sent);
      expect(answers.map(({ status }) => status).toSorted()).toEqual([202, 409, 409, 409]);
      expect((await payloads(source)).at(-1)).toBe(
        sent[answers.findIndex(({ status }) => status === 202)]?.payload,
      );
      for (const { status, body } of answers) {
        expect(body.revision).toBe(round);
        if (status === 409) expect([body.code, body.errors?.[0]?.pointer]).toEqual(['conflict', '/id']);
      }
    }
    expect(await payloads(source)).toHaveLength(10);
  });

  it('that get the same by twos record one, which is a replay for its like, and a conflict for the others', async () => {
    const source = newSource();
    for (let round = 0; round < 10; round += 1) {
      const [one, other] = [1, 2].map((payload) => event({ source, id: `round ${round}`, payload }));
      const answers = await atOnce([one, one, other, other]);
      expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 202, 409, 409]);
      const alike = [answers.slice(0, 2), answers.slice(2)].map((each) =>
        each.map(({ status }) => status).toSorted(),
      );
      expect(alike).toContainEqual([200, 202]);
    }
  });

  it('that get them in batches, in opposite order, record each once', async () => {
    const source = newSource();
    const batch = (payload: string) =>
      Array.from({ length: 40 }, (_, n) => event({ source, id: `${n}`, payload }));
    const answers = await atOnce<Results>([batch('one'), batch('other').toReversed(), batch('third')]);
    const told = answers.map(({ body }, n) => (n === 1 ? body.results.toReversed() : body.results));
    for (let n = 0; n < 40; n += 1) {
      const statuses = told.map((results) => results[n]?.status ?? 0);
      expect(statuses.toSorted()).toEqual([202, 409, 409]);
    }
    expect(await payloads(source)).toHaveLength(40);
  });

  it('know what the other has recorded: before the projector has seen it, and afterwards', async () => {
    const source = newSource();
    const sent = event({ source, id: 'x', payload: 1 });
    const ask = async (): Promise<readonly number[]> => {
      const answers = [];
      for (const server of servers) {
        for (const body of [sent, { ...sent, payload: 2 }])
          answers.push(await server.post('/v1/events', body));
      }
      return answers.map(({ status }) => status);
    };
    expect((await servers[0].post('/v1/events', sent)).status).toBe(202);
    expect(await ask()).toEqual([200, 409, 200, 409]);
    const [, , log] = logs;
    if (log === undefined) throw new Error('no third log');
    const writer = openWriter({ url: database.projectorUrl });
    const projector = startProjector({ log, writer, logger: pino({ level: 'silent' }) });
    await expect
      .poll(async () => (await servers[1].get(`/v1/events?source=${source}`)).text, { timeout: 20_000 })
      .toContain('"payload":1');
    await projector.stop();
    await writer.close();
    expect(await ask()).toEqual([200, 409, 200, 409]);
    expect(await payloads(source)).toEqual([1]);
  });
});
