/** What the server makes of an id that it has seen before. */
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { newStream, type ServerUnderTest } from './server-under-test.js';

export function idempotencySemantics({ client }: ServerUnderTest): void {
  describe('a repeated id', () => {
    it.each(['any', 'no_stream'] as const)(
      'is ignored with other content, and answered as success with the first place (%s)',
      async (expected) => {
        const stream = newStream();
        const id = randomUUID();
        const first = await client().append(stream, [{ id, data: '1' }], expected);
        await client().append(stream, [{}]);

        expect(await client().append(stream, [{ id, data: '2' }], expected)).toEqual(first);
        const events = await client().read({ stream });
        expect(events?.map(({ data }) => data.toString())).toEqual(['1', '{"user":"ada"}']);
      },
    );

    it('is a new event in another stream', async () => {
      const [one, other] = [newStream(), newStream()];
      const id = randomUUID();
      await client().append(one, [{ id }]);
      expect(await client().append(other, [{ id }])).toMatchObject({ status: 'appended', revision: '0' });
      expect(await client().read({ stream: other })).toHaveLength(1);
    });

    it('is stored twice when one append brings it twice', async () => {
      const stream = newStream();
      const id = randomUUID();
      expect(await client().append(stream, [{ id }, { id }])).toMatchObject({ revision: '1' });
      expect((await client().read({ stream }))?.map((event) => event.id)).toEqual([id, id]);
    });

    it('fails the whole append when a new one follows it', async () => {
      const stream = newStream();
      const id = randomUUID();
      await client().append(stream, [{ id }]);
      expect(await client().append(stream, [{ id }, {}])).toEqual({ status: 'conflict', current: '0' });
      expect(await client().append(stream, [{ id }, {}], 'no_stream')).toMatchObject({ status: 'conflict' });
      expect(await client().read({ stream })).toHaveLength(1);
    });

    it('is stored again when it follows a new one, whose place the answer names', async () => {
      const stream = newStream();
      const id = randomUUID();
      await client().append(stream, [{ id }]);
      expect(await client().append(stream, [{}, { id }])).toMatchObject({ revision: '2' });
    });

    it('is answered as success at its very place when a revision is expected, with all its companions', async () => {
      const stream = newStream();
      const [a, b] = [randomUUID(), randomUUID()];
      await client().append(stream, [{}]);
      const first = await client().append(stream, [{ id: a }, { id: b }], 0n);
      await client().append(stream, [{}]);

      expect(await client().append(stream, [{ id: a, data: '2' }, { id: b }], 0n)).toEqual(first);
      expect(await client().append(stream, [{ id: a }], 0n)).toMatchObject({ revision: '1' });
      expect(await client().append(stream, [{ id: a }, {}], 0n)).toEqual({
        status: 'conflict',
        current: '3',
      });
      expect(await client().append(stream, [{ id: b }], 0n)).toEqual({ status: 'conflict', current: '3' });
      expect(await client().read({ stream })).toHaveLength(4);
    });

    it('is a new event when the true head is expected', async () => {
      const stream = newStream();
      const id = randomUUID();
      await client().append(stream, [{ id }]);
      expect(await client().append(stream, [{ id }], 0n)).toMatchObject({ revision: '1' });
      expect(await client().read({ stream })).toHaveLength(2);
    });
  });
}
