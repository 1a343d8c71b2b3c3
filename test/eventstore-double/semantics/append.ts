/** What the server promises about appends: bytes, revisions, refusals. */
import { describe, expect, it } from 'vitest';
import { newStream, refusal, type ServerUnderTest } from './server-under-test.js';

const NIL = '00000000-0000-0000-0000-000000000000';
const LIMIT = 1_048_576;

export function appendSemantics({ client }: ServerUnderTest): void {
  describe('appending', () => {
    it('counts a stream from revision 0, over all its appends, in the order given', async () => {
      const stream = newStream();
      const first = await client().append(stream, [{ type: 'a' }]);
      const second = await client().append(stream, [{ type: 'b' }, { type: 'c' }]);

      expect(first).toMatchObject({ status: 'appended', revision: '0' });
      expect(second).toMatchObject({ status: 'appended', revision: '2' });
      const events = await client().read({ stream });
      expect(events?.map(({ revision, type }) => [revision, type])).toEqual([
        ['0', 'a'],
        ['1', 'b'],
        ['2', 'c'],
      ]);
      expect(second).toMatchObject({ position: events?.[2]?.position });
    });

    it.each([
      ['canonical JSON with members that look like numbers', '{"10":1,"9":2}'],
      ['JSON with a duplicate member and a spaced number', '{"b" : 1.0,"a":1,"a":2}'],
      ['bytes that are no UTF-8', Buffer.from([0xff, 0x00, 0xc3])],
      ['nothing at all', ''],
    ])('keeps data and metadata to the byte: %s', async (_, bytes) => {
      const stream = newStream();
      await client().append(stream, [{ data: bytes, metadata: bytes }]);

      const [event] = (await client().read({ stream })) ?? [];
      expect(event?.data).toEqual(Buffer.from(bytes));
      expect(event?.metadata).toEqual(Buffer.from(bytes));
    });

    it('gives back the id, the content type and the time, in ticks of 100 ns', async () => {
      const stream = newStream();
      const id = '0f8fad5b-d9cb-469f-a165-70867728950e';
      await client().append(stream, [{ id }, { contentType: 'application/octet-stream' }]);

      const [json, bytes] = (await client().read({ stream })) ?? [];
      expect(json).toMatchObject({ id, contentType: 'application/json' });
      expect(bytes).toMatchObject({ contentType: 'application/octet-stream' });
      const recorded = Number(BigInt(json?.created ?? 0) / 10_000n);
      expect(Math.abs(Date.now() - recorded)).toBeLessThan(600_000);
    });

    it.each([
      ['512 characters of four bytes', '😀'.repeat(512)],
      ['spaces, slashes and a dollar', 'a b/c\\d$e'],
      ['NUL', 'a\u0000b'],
    ])('takes stream names with %s', async (_, odd) => {
      const stream = `${newStream()}${odd}`;
      await client().append(stream, [{}]);
      expect((await client().read({ stream }))?.map((event) => event.stream)).toEqual([stream]);
    });

    it('answers a wrong expected revision with the current one, and writes nothing', async () => {
      const stream = newStream();
      const conflict = (current: string | null) => ({ status: 'conflict', current });
      expect(await client().append(stream, [{}], 0n)).toEqual(conflict(null));
      expect(await client().append(stream, [{}], 'stream_exists')).toEqual(conflict(null));
      expect(await client().append(stream, [{}], 'no_stream')).toMatchObject({ revision: '0' });
      expect(await client().append(stream, [{}], 'no_stream')).toEqual(conflict('0'));
      expect(await client().append(stream, [{}], 1n)).toEqual(conflict('0'));
      expect(await client().append(stream, [{}], 0n)).toMatchObject({ revision: '1' });
      expect(await client().append(stream, [{}], 0n)).toEqual(conflict('1'));
      expect(await client().append(stream, [{}], 'stream_exists')).toMatchObject({ revision: '2' });
      expect(await client().read({ stream })).toHaveLength(3);
    });

    it('takes an empty append, which consumes a position and shows nothing', async () => {
      const stream = newStream();
      const before = await client().append(stream, [{}]);
      const empty = await client().append(stream, []);
      const after = await client().append(stream, [{}]);

      expect([before.status, empty.status, after.status]).toEqual(['appended', 'appended', 'appended']);
      expect(await client().read({ stream })).toHaveLength(2);
      if (before.status !== 'appended' || empty.status !== 'appended' || after.status !== 'appended') return;
      expect(after.revision).toBe('1');
      const { position: from } = before;
      const between = await client().read({ from: BigInt(from ?? 0), count: 2 });
      expect(between?.map(({ position }) => position)).toEqual([before.position, after.position]);
    });

    it('refuses an empty id or type with 2, and a missing property with 3', async () => {
      const stream = newStream();
      const missing = { code: 3, exception: 'missing-required-metadata-property' };
      expect(await refusal(client().append(stream, [{}, { id: NIL }]))).toMatchObject({ code: 2 });
      expect(await refusal(client().append(stream, [{ type: '' }]))).toMatchObject({ code: 2 });
      expect(await refusal(client().append(stream, [{ type: null }]))).toEqual(missing);
      expect(await refusal(client().append(stream, [{ contentType: null }]))).toEqual(missing);
      expect(await client().read({ stream })).toBeNull();
    });

    it('takes a megabyte of data in one append, and refuses more as a whole', async () => {
      const stream = newStream();
      const half = Buffer.alloc(LIMIT / 2 - 1_024);
      await client().append(stream, [{ data: half }, { data: half }]);
      const beyond = client().append(stream, [{ data: Buffer.alloc(LIMIT) }, { data: 'x' }]);

      expect(await refusal(beyond)).toEqual({ code: 3, exception: 'maximum-append-size-exceeded' });
      expect(await client().read({ stream })).toHaveLength(2);
    });
  });
}
