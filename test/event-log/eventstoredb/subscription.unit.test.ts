import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { describe, expect, test } from 'vitest';
import type { Flow, Listener } from '../../../src/event-log/eventstoredb/connection.js';
import { subscription } from '../../../src/event-log/eventstoredb/subscription.js';
import type { Position } from '../../../src/ledger/types.js';

function delivered(n: number): streams.ReadResp {
  const record = new streams.ReadResp.ReadEvent.RecordedEvent();
  const name = new shared.StreamIdentifier();
  name.setStreamName(Buffer.from('ledger-a'));
  record.setStreamIdentifier(name);
  record.setStreamRevision(String(n));
  record.setCommitPosition(String(n));
  record.setPreparePosition(String(n));
  const event = new streams.ReadResp.ReadEvent();
  event.setEvent(record);
  return new streams.ReadResp().setEvent(event);
}

/** A server that sends what it is told to, as long as it is not held back. */
class FakeServer {
  paused = false;
  #listener: Listener | null = null;
  readonly #held: streams.ReadResp[] = [];
  readonly #flow: Flow = {
    pause: () => (this.paused = true),
    resume: () => {
      this.paused = false;
    },
    cancel: () => undefined,
  };

  subscribe(_request: unknown, listener: Listener): Promise<Flow> {
    this.#listener = listener;
    return Promise.resolve(this.#flow);
  }

  send(...answers: readonly streams.ReadResp[]): void {
    this.#held.push(...answers);
    while (!this.paused) {
      const next = this.#held.shift();
      if (next === undefined) return;
      this.#listener?.answer(next);
    }
  }
}

describe('being live', () => {
  test('is not said while events are held back from who takes his time', async () => {
    const server = new FakeServer();
    const newest = (): Promise<Position> => Promise.resolve('8999/8999' as Position);
    const { signal } = new AbortController();
    const batches = subscription(null, { connection: server, newest, signal, fellBehind: () => undefined });
    const first = batches.next();
    const caughtUp = new streams.ReadResp();
    caughtUp.setCaughtUp(new streams.ReadResp.CaughtUp());
    await Promise.resolve();
    server.send(caughtUp);
    expect(await first).toMatchObject({ value: { events: [], live: true } });

    server.send(...Array.from({ length: 9_000 }, (_, n) => delivered(n)));
    expect(server.paused).toBe(true);
    const told: [seen: number, live: boolean][] = [];
    for (let seen = 0; seen < 9_000 || told.at(-1)?.[1] === false;) {
      const { value } = await batches.next();
      seen += value?.events.length ?? 0;
      told.push([seen, value?.live ?? true]);
      server.send();
    }
    expect(told.filter(([seen, live]) => live && seen < 9_000)).toEqual([]);
    expect(told.at(-1)).toEqual([9_000, true]);
    await batches.return();
  });
});
