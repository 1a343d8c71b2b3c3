/** What the server promises about reads of one stream and of $all. */
import { describe, expect, it } from 'vitest';
import { newStream, type ServerUnderTest } from './server-under-test.js';

export function readSemantics({ client }: ServerUnderTest): void {
  describe('reading', () => {
    const revisions = async (what: Parameters<ReturnType<typeof client>['read']>[0]) =>
      (await client().read(what))?.map(({ revision }) => revision);

    it('says of a stream that never was that it is not found', async () => {
      expect(await client().read({ stream: newStream() })).toBeNull();
      expect(await client().read({ stream: newStream(), direction: 'backwards' })).toBeNull();
    });

    it('starts at a revision, in both directions, and counts', async () => {
      const stream = newStream();
      await client().append(stream, [{}, {}, {}, {}]);

      expect(await revisions({ stream })).toEqual(['0', '1', '2', '3']);
      expect(await revisions({ stream, from: 1n, count: 2 })).toEqual(['1', '2']);
      expect(await revisions({ stream, from: 4n })).toEqual([]);
      expect(await revisions({ stream, direction: 'backwards' })).toEqual(['3', '2', '1', '0']);
      expect(await revisions({ stream, from: 1n, direction: 'backwards' })).toEqual(['1', '0']);
      expect(await revisions({ stream, from: 9n, direction: 'backwards', count: 1 })).toEqual(['3']);
    });

    it('includes the position that a forward read of $all starts from, and not that of a backward one', async () => {
      const stream = newStream();
      await client().append(stream, [{}, {}, {}]);
      const [first, second, third] = (await client().read({ stream })) ?? [];
      const from = BigInt(second?.position ?? 0);

      const forwards = await client().read({ from, count: 2 });
      expect(forwards?.map(({ position }) => position)).toEqual([second?.position, third?.position]);
      const backwards = await client().read({ from, direction: 'backwards', count: 1 });
      expect(backwards?.map(({ position }) => position)).toEqual([first?.position]);
    });

    it('reads the newest event of $all backwards from the end', async () => {
      const stream = newStream();
      await client().append(stream, [{}]);
      const newest = await client().read({ direction: 'backwards', count: 1, prefixes: [stream] });
      expect(newest?.[0]).toMatchObject({ stream, revision: '0' });
    });

    it('has nothing beyond the end', async () => {
      expect(await client().read({ from: 'end' })).toEqual([]);
      expect(await client().read({ from: 1n << 62n })).toEqual([]);
    });

    it('filters $all by stream name and by type', async () => {
      const stream = newStream();
      const [first] = await appended(stream, ['kept', 'other']);
      const from = BigInt(first?.position ?? 0);
      const byName = await client().read({ from, prefixes: [stream] });
      expect(byName?.map(({ type }) => type)).toEqual(['kept', 'other']);
      const byType = await client().read({ from, typeRegex: '^kept$' });
      expect(byType?.filter((event) => event.stream === stream).map(({ type }) => type)).toEqual(['kept']);
    });

    async function appended(stream: string, types: readonly string[]) {
      await client().append(
        stream,
        types.map((type) => ({ type })),
      );
      return (await client().read({ stream })) ?? [];
    }
  });
}
