/** What was done to the log, as the adapter hands it over beside the events. */
import { describe, expect, test } from 'vitest';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { Flow, Listener } from '../../../src/event-log/eventstoredb/connection.js';
import { subscription } from '../../../src/event-log/eventstoredb/subscription.js';
import type { AdministrativeRecord, EventLog } from '../../../src/event-log/port.js';
import type { Position } from '../../../src/ledger/types.js';
import { proposed } from '../../eventstore-double/record.js';
import { candidate, collect, subscribed } from '../../support/event-log.js';
import { newSource } from '../contract/log-under-test.js';
import { setUp } from './stand.js';

const stand = setUp();

function truncate(source: string, before: number): void {
  const data = `{"$tb":${before}}`;
  stand.double().log.append(`$$ledger-${source}`, [proposed({ type: '$metadata', data })]);
}

interface Delivered {
  readonly batch: number;
  readonly position: number;
}

/** Where in the log, and in which batch, everything after a position is handed over until the log is at its end. */
async function delivered(log: EventLog, after: Position | null) {
  const events: Delivered[] = [];
  const administration: (Delivered & AdministrativeRecord)[] = [];
  let batch = 0;
  for await (const each of subscribed(log, after)) {
    batch += 1;
    events.push(...each.events.map(({ position }) => ({ batch, position: parseInt(position) })));
    for (const record of each.administration ?? []) {
      administration.push({ ...record, batch, position: parseInt(record.place.replace('position ', '')) });
    }
    if (each.live) return { events, administration };
  }
  throw new Error('the subscription ended');
}

describe('what was done to the log', () => {
  test('comes in its order, none after an event that follows it, and again after an earlier event', async () => {
    const log = stand.open();
    const start = await log.newest();
    const source = newSource();
    let middle: Position | null = null;
    for (let n = 0; n < 200; n += 1) {
      await log.append(source, [candidate()]);
      truncate(source, n + 1);
      if (n === 99) middle = await log.newest();
    }
    const { events, administration } = await delivered(log, start);
    expect(events).toHaveLength(200);
    expect(administration.map(({ what }) => what)).toEqual(Array(200).fill('truncated'));
    const places = administration.map(({ position }) => position);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    for (const record of administration) {
      const next = events.find(({ position }) => position > record.position);
      if (next !== undefined) expect(record.batch).toBeLessThanOrEqual(next.batch);
    }
    expect((await delivered(log, middle)).administration).toHaveLength(101);
  });

  test('wakes who follows a log that is at its end', async () => {
    const log = stand.open();
    const source = newSource();
    await log.append(source, [candidate()]);
    const ended = new AbortController();
    const batches = log.subscribe({ after: await log.newest(), signal: ended.signal });
    const iterator = batches[Symbol.asyncIterator]();
    expect(await iterator.next()).toMatchObject({ value: { live: true } });
    stand.double().log.tombstone(`ledger-${source}`);
    expect(await iterator.next()).toMatchObject({
      value: { events: [], administration: [{ what: 'tombstoned', source }], live: true },
    });
    ended.abort();
  });
});

describe('an answer that makes no sense', () => {
  test('ends the subscription with an error, and not the process', async () => {
    const identifier = new shared.StreamIdentifier();
    identifier.setStreamName(Buffer.from('ledger-a'));
    const record = new streams.ReadResp.ReadEvent.RecordedEvent();
    record.setStreamIdentifier(identifier);
    record.setCommitPosition('18446744073709551615');
    record.setPreparePosition('18446744073709551615');
    const event = new streams.ReadResp.ReadEvent();
    event.setEvent(record);
    const answer = new streams.ReadResp();
    answer.setEvent(event);
    const flow: Flow = { pause: () => undefined, resume: () => undefined, cancel: () => undefined };
    const connection = {
      subscribe: (_: unknown, listener: Listener) => {
        setImmediate(() => listener.answer(answer));
        return Promise.resolve(flow);
      },
    };
    const { signal } = new AbortController();
    const parts = { connection, newest: () => Promise.resolve(null), signal, fellBehind: () => undefined };
    await expect(collect(subscription(null, parts))).rejects.toMatchObject({ code: 'internal' });
  });
});
