/** What hides events, and from whom: truncation, deletion, tombstones. */
import { describe, expect, it, vi } from 'vitest';
import { newStream, refusal, type ServerUnderTest } from './server-under-test.js';

const LARGEST = '9223372036854775807';

export function deletionSemantics({ client }: ServerUnderTest): void {
  const describeStream = (stream: string, metadata: string) =>
    client().append(`$$${stream}`, [{ type: '$metadata', data: metadata }]);
  const revisions = async (stream: string) =>
    (await client().read({ stream }))?.map(({ revision }) => revision) ?? null;
  const inAll = async (stream: string, from: string) =>
    (await client().read({ from: BigInt(from), prefixes: [stream] }))?.map(({ revision }) => revision);
  const filled = async (count: number) => {
    const stream = newStream();
    await client().append(
      stream,
      Array.from({ length: count }, () => ({})),
    );
    const [first] = (await client().read({ stream })) ?? [];
    return { stream, position: first?.position ?? '0' };
  };

  describe('stream metadata', () => {
    it.each([
      ['$tb', '{"$tb":2}'],
      ['$maxCount', '{"$maxCount":1}'],
    ])(
      'hides events from readers of the stream at once, and not from readers of $all: %s',
      async (_, metadata) => {
        const { stream, position } = await filled(3);
        await describeStream(stream, metadata);
        expect(await revisions(stream)).toEqual(['2']);
        expect(await inAll(stream, position)).toEqual(['0', '1', '2']);
      },
    );

    it('hides events that are older than $maxAge', async () => {
      const { stream, position } = await filled(2);
      await describeStream(stream, '{"$maxAge":1}');
      await vi.waitFor(async () => expect(await revisions(stream)).toEqual([]), {
        timeout: 10_000,
        interval: 100,
      });
      expect(await inAll(stream, position)).toEqual(['0', '1']);
    });

    it('hides acknowledged appends, too, when $tb lies beyond the end', async () => {
      const { stream, position } = await filled(1);
      await describeStream(stream, '{"$tb":1000}');
      expect(await client().append(stream, [{}])).toMatchObject({ status: 'appended', revision: '1' });
      expect(await revisions(stream)).toEqual([]);
      expect(await inAll(stream, position)).toEqual(['0', '1']);
    });

    it('shows only its newest record', async () => {
      const { stream } = await filled(1);
      await describeStream(stream, '{"$maxCount":5}');
      await describeStream(stream, '{"$maxCount":6}');
      const records = await client().read({ stream: `$$${stream}` });
      expect(records?.map(({ revision, data }) => [revision, data.toString()])).toEqual([
        ['1', '{"$maxCount":6}'],
      ]);
    });
  });

  describe('a deleted stream', () => {
    it('is not found, and its metadata holds the largest $tb', async () => {
      const { stream, position } = await filled(2);
      await client().delete(stream, 1n);
      expect(await revisions(stream)).toBeNull();
      expect(await inAll(stream, position)).toEqual(['0', '1']);
      const [record] = (await client().read({ stream: `$$${stream}` })) ?? [];
      expect(record?.type).toBe('$metadata');
      expect(record?.data.toString().replaceAll(/\s/g, '')).toBe(`{"$tb":${LARGEST}}`);
    });

    it('comes back with the next append, which counts on and rewrites $tb', async () => {
      const { stream } = await filled(2);
      await client().delete(stream);
      expect(await client().append(stream, [{}])).toMatchObject({ status: 'appended', revision: '2' });
      expect(await revisions(stream)).toEqual(['2']);
      const [record] = (await client().read({ stream: `$$${stream}` })) ?? [];
      expect(JSON.parse(record?.data.toString() ?? '')).toMatchObject({ $tb: 2 });
    });

    it.each(['no_stream', 1n] as const)('is appended to as %s expects', async (expected) => {
      const { stream } = await filled(2);
      await client().delete(stream);
      expect(await client().append(stream, [{}], expected)).toMatchObject({ revision: '2' });
    });

    it('is deleted only where it stands as expected', async () => {
      const { stream } = await filled(1);
      const wrong = { code: 9, exception: 'wrong-expected-version' };
      expect(await refusal(client().delete(stream, 7n))).toEqual(wrong);
      expect(await refusal(client().delete(newStream()))).toEqual(wrong);
      expect(await refusal(client().tombstone(stream, 'no_stream'))).toEqual(wrong);
      expect(await revisions(stream)).toEqual(['0']);
    });
  });

  describe('a tombstone', () => {
    it('ends the stream for good', async () => {
      const { stream } = await filled(1);
      await client().tombstone(stream, 0n);
      const deleted = { code: 9, exception: 'stream-deleted' };
      expect(await refusal(client().append(stream, [{}]))).toEqual(deleted);
      expect(await refusal(client().read({ stream }))).toEqual(deleted);
      expect(await refusal(client().delete(stream))).toEqual(deleted);
    });

    it('stands in $all as $streamDeleted, in the stream itself, with the largest revision', async () => {
      const { stream, position } = await filled(1);
      const at = await client().tombstone(stream);
      const events = await client().read({ from: BigInt(position), prefixes: [stream] });
      expect(events?.at(-1)).toMatchObject({
        stream,
        type: '$streamDeleted',
        revision: LARGEST,
        position: at,
      });
    });
  });
}
