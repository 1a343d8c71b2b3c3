/** What the server promises about subscriptions to $all. */
import type streams from '@eventstore/db-client/generated/streams_pb.js';
import { describe, expect, it } from 'vitest';
import { recorded, type RawRecorded } from '../raw-client.js';
import { newStream, type ServerUnderTest } from './server-under-test.js';

export function subscribeSemantics({ client }: ServerUnderTest): void {
  describe('subscribing to $all', () => {
    it('delivers what is there, says that it is caught up, then delivers what comes', async () => {
      const stream = newStream();
      await client().append(stream, [{ type: 'old' }]);
      const seen = await follow({ prefixes: [stream] }, async (message) => {
        if (message.hasCaughtUp()) await client().append(stream, [{ type: 'new' }]);
        return recorded(message)?.type === 'new';
      });

      const kinds = seen.map(kindOf).filter((kind) => kind !== 'checkpoint');
      expect(kinds).toEqual(['confirmation', 'event', 'caught-up', 'event']);
      expect(eventsOf(seen).map(({ type }) => type)).toEqual(['old', 'new']);
    });

    it('leaves out the position that it starts from', async () => {
      const stream = newStream();
      await client().append(stream, [{}, {}, {}]);
      const [, second] = (await client().read({ stream })) ?? [];
      const from = BigInt(second?.position ?? 0);
      const seen = await follow({ from, prefixes: [stream] }, (message) => message.hasCaughtUp());
      expect(eventsOf(seen).map(({ revision }) => revision)).toEqual(['2']);
    });

    it('delivers events, metadata and tombstones of the streams asked for, in log order', async () => {
      const stream = newStream();
      await client().append(stream, [{}]);
      await client().append(`$$${stream}`, [{ type: '$metadata', data: '{"$maxCount":1}' }]);
      await client().append(newStream(), [{}]);
      await client().append(stream, [{}]);
      await client().tombstone(stream);
      const prefixes = [stream, `$$${stream}`];
      const seen = await follow({ prefixes }, (message) => message.hasCaughtUp());
      expect(eventsOf(seen).map((event) => [event.stream, event.type, event.revision])).toEqual([
        [stream, 'user.login', '0'],
        [`$$${stream}`, '$metadata', '0'],
        [stream, 'user.login', '1'],
        [stream, '$streamDeleted', '9223372036854775807'],
      ]);
      const positions = eventsOf(seen).map(({ position }) => BigInt(position));
      expect(positions).toEqual([...positions].sort((a, b) => Number(a - b)));
    });

    it('delivers events that metadata hides from readers of the stream', async () => {
      const stream = newStream();
      await client().append(stream, [{}, {}]);
      await client().append(`$$${stream}`, [{ type: '$metadata', data: '{"$tb":2}' }]);
      const seen = await follow({ prefixes: [stream] }, (message) => message.hasCaughtUp());
      expect(eventsOf(seen)).toHaveLength(2);
    });

    it('sends checkpoints for what the filter passes over', async () => {
      const stream = newStream();
      const [first] = await appended(stream);
      await client().append(newStream(), [{}, {}, {}]);
      const from = BigInt(first?.position ?? 0);
      const seen = await follow({ from, prefixes: [stream], window: 1 }, async (message) => {
        if (message.hasCaughtUp()) await client().append(newStream(), [{}, {}]);
        return message.hasCheckpoint();
      });
      expect(BigInt(seen.at(-1)?.getCheckpoint()?.getCommitPosition() ?? 0)).toBeGreaterThan(from);
    });

    it('takes a position beyond the end without a word, and later delivers smaller ones', async () => {
      const stream = newStream();
      const from = 1n << 52n;
      const seen = await follow({ from, prefixes: [stream] }, async (message) => {
        if (message.hasCaughtUp()) await client().append(stream, [{}]);
        return recorded(message) !== null;
      });
      expect(BigInt(eventsOf(seen)[0]?.position ?? from)).toBeLessThan(from);
    });

    it('starts from the end with what comes', async () => {
      const stream = newStream();
      await client().append(stream, [{ type: 'old' }]);
      const seen = await follow({ from: 'end', prefixes: [stream] }, async (message) => {
        if (message.hasCaughtUp()) await client().append(stream, [{ type: 'new' }]);
        return recorded(message) !== null;
      });
      expect(eventsOf(seen).map(({ type }) => type)).toEqual(['new']);
    });

    /** Messages up to the first one that is the last. */
    async function follow(
      what: Parameters<ReturnType<typeof client>['subscribe']>[0],
      isLast: (message: streams.ReadResp) => boolean | Promise<boolean>,
    ): Promise<readonly streams.ReadResp[]> {
      const seen: streams.ReadResp[] = [];
      for await (const message of client().subscribe(what)) {
        seen.push(message);
        if (await isLast(message)) break;
      }
      return seen;
    }

    async function appended(stream: string): Promise<readonly RawRecorded[]> {
      await client().append(stream, [{}]);
      return (await client().read({ stream })) ?? [];
    }
  });
}

function eventsOf(messages: readonly streams.ReadResp[]): readonly RawRecorded[] {
  return messages.map(recorded).filter((event) => event !== null);
}

function kindOf(message: streams.ReadResp): string {
  if (message.hasConfirmation()) return 'confirmation';
  if (message.hasCheckpoint()) return 'checkpoint';
  if (message.hasCaughtUp()) return 'caught-up';
  return message.hasEvent() ? 'event' : 'other';
}
