/** What a test can do to the double's log: look, append, go back to a backup, scavenge, edit the files. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { changed, exchanged, inserted, removed, swapped } from './alterations.js';
import { startEventStoreDouble, type EventStoreDouble } from './eventstore-double.js';
import { rawClient, recorded, type RawClient } from './raw-client.js';
import { proposed, type LogRecord } from './record.js';
import { refusal } from './semantics/server-under-test.js';

const stream = 'ledger-log';

describe("the double's log", () => {
  let double: EventStoreDouble;
  let client: RawClient;

  beforeEach(async () => {
    double = await startEventStoreDouble();
    client = rawClient(double.url);
    const types = ['a', 'b', 'c', 'd'];
    double.log.append(
      stream,
      types.map((type) => proposed({ type })),
    );
  });

  afterEach(async () => {
    client.close();
    await double.stop();
  });

  const at = (revision: bigint): LogRecord => {
    const record = double.log.stream(stream)?.at(revision);
    if (!record) throw new Error(`no revision ${revision}`);
    return record;
  };
  const inAll = async (): Promise<readonly string[] | undefined> =>
    (await client.read({ prefixes: [stream] }))?.map(({ type, revision }) => type + revision);

  /** Wait for what takes a restart of the server, and connect anew. */
  const restarted = async (restart: Promise<void>): Promise<void> => {
    await restart;
    client.close();
    client = rawClient(double.url);
  };

  it('delivers what another program appends to those who are subscribed', async () => {
    const types: string[] = [];
    for await (const message of client.subscribe({ from: 'end' })) {
      if (message.hasCaughtUp()) double.log.append('other', [proposed({ type: 'foreign', data: 'no JSON' })]);
      const event = recorded(message);
      if (event) types.push(event.type);
      if (event) break;
    }
    expect(types).toEqual(['foreign']);
  });

  it('has no position inside a record', async () => {
    const inside = BigInt(at(1n).position + 1);
    expect(await refusal(client.read({ from: inside }))).toEqual({ code: 2 });
    expect(await refusal(client.subscribe({ from: inside }).next())).toEqual({ code: 2 });
  });

  it('remembers so many ids and no more', async () => {
    await double.stop();
    double = await startEventStoreDouble({ idempotencyMemory: 2 });
    const other = rawClient(double.url);
    const id = randomUUID();
    await other.append(stream, [{ id }]);
    await other.append(stream, [{}]);
    expect(await other.append(stream, [{ id }])).toMatchObject({ revision: '0' });
    await other.append(stream, [{}]);
    expect(await other.append(stream, [{ id }])).toMatchObject({ revision: '3' });
    other.close();
  });

  it('counts type and metadata against the append limit when it stands for a newer server', async () => {
    const newer = await startEventStoreDouble({ limitCountsEverything: true, appendLimit: 1_000 });
    const other = rawClient(newer.url);
    const tooLarge = other.append(stream, [{ data: Buffer.alloc(500), metadata: Buffer.alloc(500) }]);
    expect(await refusal(tooLarge)).toMatchObject({ code: 3 });
    other.close();
    await newer.stop();
  });

  it('goes back to a backup: newer events are gone, and their revisions and positions are given again', async () => {
    const backup = double.snapshot();
    const lost = await client.append(stream, [{ type: 'lost' }]);
    await restarted(double.restore(backup));

    expect(await inAll()).toEqual(['a0', 'b1', 'c2', 'd3']);
    expect(await client.append(stream, [{ type: 'new!' }])).toEqual(lost);
  });

  describe('a scavenge', () => {
    it('removes from $all what metadata hides, and leaves its traces', async () => {
      double.log.append(`$$${stream}`, [proposed({ type: '$metadata', data: '{"$tb":2}' })]);
      const id = double.scavenge();

      expect(await inAll()).toEqual(['c2', 'd3']);
      expect(await client.append(stream, [{ type: 'e' }])).toMatchObject({ revision: '4' });
      const traces = await client.read({ prefixes: ['$scavenges'] });
      expect(traces?.map((event) => [event.stream, event.type])).toEqual([
        [`$scavenges-${id}`, '$scavengeStarted'],
        ['$scavenges', '$>'],
        [`$scavenges-${id}`, '$scavengeCompleted'],
      ]);
    });

    it('leaves the positions of what it removed good to resume from', async () => {
      const from = BigInt(at(0n).position);
      double.log.append(`$$${stream}`, [proposed({ type: '$metadata', data: '{"$tb":2}' })]);
      double.scavenge();
      expect(await client.read({ from, count: 1 })).toMatchObject([{ revision: '2' }]);
    });

    it('keeps the newest event of a deleted stream, and of a tombstoned one the tombstone', async () => {
      double.log.delete(stream);
      double.log.append('ledger-log-2', [proposed({}), proposed({})]);
      double.log.tombstone('ledger-log-2');
      double.scavenge();
      expect(await inAll()).toEqual(['d3', '$streamDeleted9223372036854775807']);
      expect(await client.append(stream, [{}])).toMatchObject({ revision: '4' });
    });
  });

  describe('edited files', () => {
    it('hold another content', async () => {
      await restarted(double.alter(changed(at(1n), { data: Buffer.from('{"user":"eve"}') })));
      const [event] = (await client.read({ stream, from: 1n, count: 1 })) ?? [];
      expect(event).toMatchObject({ type: 'b', data: Buffer.from('{"user":"eve"}') });
    });

    it('lack a record, with a gap in its place or without', async () => {
      await restarted(double.alter(removed(at(1n))));
      expect(await inAll()).toEqual(['a0', 'c2', 'd3']);
      expect(await client.read({ stream, from: 1n, count: 1 })).toMatchObject([{ revision: '2' }]);
      await restarted(double.alter(removed(at(2n), { renumber: true })));
      expect(await inAll()).toEqual(['a0', 'd2']);
    });

    it('hold two records in each other’s place', async () => {
      await restarted(double.alter(swapped(at(1n), at(2n))));
      expect(await inAll()).toEqual(['a0', 'c2', 'b1', 'd3']);
      await restarted(double.alter(exchanged(at(0n), at(3n))));
      expect(await inAll()).toEqual(['d0', 'c2', 'b1', 'a3']);
    });

    it('hold a record more', async () => {
      await restarted(double.alter(inserted(at(1n), proposed({ type: 'extra' }))));
      expect(await inAll()).toEqual(['a0', 'extra1', 'b2', 'c3', 'd4']);
      expect(await client.append(stream, [{}])).toMatchObject({ revision: '5' });
    });
  });
});
