/** The double's switches: each fault does to a client what the real one would. */
import { randomUUID } from 'node:crypto';
import { EventStoreDBClient } from '@eventstore/db-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startEventStoreDouble, type EventStoreDouble } from './eventstore-double.js';
import { rawClient, recorded, type RawClient } from './raw-client.js';
import { refusal } from './semantics/server-under-test.js';

const stream = 'ledger-faults';
const eventsInAll = { prefixes: ['ledger-'] };

describe("the double's faults", () => {
  let double: EventStoreDouble;
  let client: RawClient;
  let hasty: RawClient;

  beforeEach(async () => {
    double = await startEventStoreDouble();
    client = rawClient(double.url);
    hasty = rawClient(double.url, { deadline: 300 });
  });

  afterEach(async () => {
    client.close();
    hasty.close();
    await double.stop();
  });

  const stored = (): number => double.log.stream(stream)?.records.length ?? 0;

  it('fails appends before anything is written, as often as asked', async () => {
    double.faults.failAppends('before', { code: 14, details: 'Server Is Not Ready' }, 2);
    for (let n = 0; n < 2; n += 1) expect(await refusal(client.append(stream, [{}]))).toEqual({ code: 14 });
    expect(stored()).toBe(0);
    expect(await client.append(stream, [{}])).toMatchObject({ revision: '0' });
  });

  it.each([
    ['a status', { code: 13 } as const, 13],
    ['its connection', 'cut' as const, 14],
    ['silence', 'silence' as const, 4],
  ])('loses the reply after writing, to %s', async (_, failure, code) => {
    await connected(hasty);
    double.faults.failAppends('after', failure);
    expect((await refusal(hasty.append(stream, [{}]))).code).toBe(code);
    expect(stored()).toBe(1);
    expect(double.faults.pending).toBe(0);
  });

  it('fails reads and subscriptions before their first message', async () => {
    double.faults.failReads({ code: 14 }, 2);
    expect(await refusal(client.read({}))).toEqual({ code: 14 });
    expect(await refusal(client.subscribe({}).next())).toEqual({ code: 14 });
    expect(await client.read({})).toEqual([]);
  });

  it('answers late: what fails at its deadline is stored all the same', async () => {
    await connected(hasty);
    double.faults.lateness = 1_000;
    expect(await refusal(hasty.append(stream, [{}]))).toEqual({ code: 4 });
    expect(stored()).toBe(1);
  });

  it('freezes: connections are taken, nothing is answered, and thawing goes on', async () => {
    await client.append(stream, [{}]);
    double.faults.freeze();
    expect((await refusal(hasty.append(stream, [{}]))).code).toBe(4);
    const patient = client.append(stream, [{ type: 'patient' }]);
    double.faults.thaw();
    expect(await patient).toMatchObject({ status: 'appended' });
  });

  it('cuts every connection, and takes new ones at once', async () => {
    const subscription = client.subscribe(eventsInAll);
    await subscription.next();
    await subscription.next();
    const next = subscription.next();
    double.faults.cut();
    expect([13, 14]).toContain((await refusal(next)).code);
    expect(await rawClientOnce((other) => other.append(stream, [{}]))).toMatchObject({ revision: '0' });
  });

  it('ends subscriptions cleanly, or with a status', async () => {
    const clean = await live();
    double.faults.endSubscriptions();
    expect(await clean.next()).toMatchObject({ done: true });
    const failing = await live();
    double.faults.endSubscriptions({ code: 13, details: 'Received RST_STREAM' });
    expect(await refusal(failing.next())).toEqual({ code: 13 });
  });

  it('drops a consumer after so many events, which loses none by resubscribing', async () => {
    await client.append(
      stream,
      Array.from({ length: 10 }, () => ({})),
    );
    double.faults.slowConsumers = { events: 4 };
    const revisions: string[] = [];
    let from: bigint | 'start' = 'start';
    for (let drops = 0; revisions.length < 10; drops += 1) {
      expect(drops).toBeLessThan(4);
      try {
        for await (const message of client.subscribe({ ...eventsInAll, from })) {
          const event = recorded(message);
          if (!event) continue;
          revisions.push(event.revision);
          from = BigInt(event.position);
          if (revisions.length === 10) break;
        }
      } catch (error) {
        expect(error).toMatchObject({
          code: 10,
          details: expect.stringContaining('Consumer too slow') as string,
        });
      }
    }
    expect(revisions).toEqual(Array.from({ length: 10 }, (_, n) => String(n)));
  });

  it('drops a live consumer that is behind by more than so many events, and others on command', async () => {
    double.faults.slowConsumers = { behind: 32 };
    const slow = await live();
    for (let n = 0; n < 20; n += 1) {
      await client.append(
        stream,
        Array.from({ length: 100 }, () => ({ data: Buffer.alloc(5_000) })),
      );
    }
    await expect(drained(slow)).rejects.toMatchObject({ code: 10 });

    double.faults.heal();
    const other = await live();
    double.faults.dropSlowConsumers();
    expect(await refusal(other.next())).toEqual({ code: 10 });
  });

  it('drops a consumer in a way that the public client takes for a timeout', async () => {
    await client.append(stream, [{}]);
    double.faults.slowConsumers = { milliseconds: 0 };
    const publicClient = EventStoreDBClient.connectionString(double.url);
    const consume = async (): Promise<void> => {
      for await (const { event } of publicClient.subscribeToAll()) expect(event?.streamId).toBe(stream);
    };
    await expect(consume()).rejects.toMatchObject({ type: 'timeout', code: 10 });
    await publicClient.dispose();
  });

  it('refuses credentials with 16 and forbids with 7', async () => {
    double.faults.refuseCredentials = true;
    expect((await refusal(client.append(stream, [{}]))).code).toBe(16);
    double.faults.refuseCredentials = false;
    double.faults.forbid = true;
    const denied = { code: 7, exception: 'access-denied' };
    expect(await refusal(client.append(stream, [{}]))).toEqual(denied);
    expect(await refusal(client.read({ stream }))).toEqual(denied);
    double.faults.heal();
    expect(await client.append(stream, [{}])).toMatchObject({ revision: '0' });
  });

  it('refuses connections while it is stopped, and starts again with the same log', async () => {
    await client.append(stream, [{}]);
    await double.stop();
    expect((await refusal(hasty.append(stream, [{}]))).code).toBe(14);
    await double.start();
    expect(await rawClientOnce((other) => other.read({ stream }))).toHaveLength(1);
  });

  it('forgets ids at a restart, but knows a repeat at its place', async () => {
    const id = randomUUID();
    await client.append(stream, [{ id }]);
    await double.restart();
    await rawClientOnce(async (other) => {
      expect(await other.append(stream, [{ id }], 'no_stream')).toMatchObject({ revision: '0' });
      expect(await other.append(stream, [{ id }], 'any')).toMatchObject({ revision: '1' });
    });
    expect(stored()).toBe(2);
  });

  /** So that the deadline of a call that fails is not spent on connecting. */
  async function connected(one: RawClient): Promise<void> {
    await expect.poll(() => one.read({})).toEqual([]);
  }

  async function live(): Promise<ReturnType<RawClient['subscribe']>> {
    const subscription = client.subscribe({ ...eventsInAll, from: 'end' });
    for (let next = await subscription.next(); !next.done; next = await subscription.next()) {
      if (next.value.hasCaughtUp()) break;
    }
    return subscription;
  }

  async function rawClientOnce<Result>(run: (other: RawClient) => Promise<Result>): Promise<Result> {
    const other = rawClient(double.url);
    try {
      return await run(other);
    } finally {
      other.close();
    }
  }
});

async function drained(messages: AsyncIterable<unknown>): Promise<void> {
  const waiting = messages[Symbol.asyncIterator]();
  for (let next = await waiting.next(); !next.done; next = await waiting.next());
}
