/** What an append promises. */
import { describe, expect, test } from 'vitest';
import { candidate, candidates, revisions } from '../../support/event-log.js';
import { appendOne, newSource, read, type LogUnderTest } from './log-under-test.js';

export function appendContract({ log, open }: LogUnderTest): void {
  describe('append', () => {
    test('numbers each stream from 0, in the order given, whatever happens beside it', async () => {
      const [one, other] = [newSource(), newSource()];
      const [first, second, third] = await Promise.all([
        log().append(one, candidates(3)),
        log().append(other, candidates(2)),
        log().append(one, candidates(2)),
      ]);
      expect(revisions(second)).toEqual([0, 1]);
      for (const outcomes of [first, third]) {
        const given = revisions(outcomes);
        expect(given.toSorted()).toEqual(given);
      }
      expect([...revisions(first), ...revisions(third)].toSorted()).toEqual([0, 1, 2, 3, 4]);
    });

    test('stands in the log after everything that was appended before', async () => {
      const source = newSource();
      for (const given of candidates(5)) await log().append(source, [given]);
      const events = await read(log(), source);
      const places = events.map(({ position }) => position);
      expect(places.toSorted((a, b) => log().comparePositions(a, b))).toEqual(places);
      expect(new Set(places).size).toBe(5);
    });

    test('an identity that is there already is not written again, and the first such event is named', async () => {
      const source = newSource();
      const first = await appendOne(log(), source, candidate({ data: '{"first":true}' }));
      const outcomes = await log().append(source, [
        candidate(),
        candidate({ id: first.id, data: '{"other":1}' }),
      ]);
      expect(outcomes[0]).toEqual({ status: 'appended', revision: 1 });
      expect(outcomes[1]).toEqual({ status: 'present', revision: first.revision });
      expect(await read(log(), source)).toHaveLength(2);
    });

    test('of two equal identities in one call the later one is present', async () => {
      const source = newSource();
      const twice = candidate({ data: '1' });
      const outcomes = await log().append(source, [twice, candidate(), { ...twice, data: Buffer.from('2') }]);
      expect(revisions(outcomes)).toEqual([0, 1, null]);
      expect(outcomes[2]).toEqual({ status: 'present', revision: 0 });
    });

    test('the same id in two sources is two identities', async () => {
      const given = candidate();
      expect(revisions(await log().append(newSource(), [given]))).toEqual([0]);
      expect(revisions(await log().append(newSource(), [given]))).toEqual([0]);
    });

    test('when two processes race with the same identities, each is written once, and only its writer told so', async () => {
      const source = newSource();
      const other = open();
      try {
        const given = candidates(20);
        // as the API's are, metadata are of one attempt alone
        const others = given.map((each) => ({
          ...each,
          metadata: Buffer.from(`{"v":1,"other":"${each.id}"}`),
        }));
        const outcomes = await Promise.all([
          ...given.map((each) => log().append(source, [each])),
          ...others.map((each) => other.append(source, [each])),
        ]);
        expect(outcomes.flat().filter(({ status }) => status === 'appended')).toHaveLength(20);
        expect(outcomes.flat().filter(({ status }) => status === 'present')).toHaveLength(20);
        expect((await read(log(), source)).map(({ id }) => id).toSorted()).toEqual(
          given.map(({ id }) => id).toSorted(),
        );
      } finally {
        await other.close();
      }
    });

    test('what the log can never take is refused, and does not harm the rest', async () => {
      const outcomes = await log().append(newSource(), [
        candidate(),
        candidate({ data: Buffer.alloc(20_000_000) }),
        candidate({ type: 'lone \ud800 surrogate' }),
        candidate(),
      ]);
      expect(outcomes.map(({ status }) => status)).toEqual(['appended', 'refused', 'refused', 'appended']);
      expect(revisions(outcomes)).toEqual([0, null, null, 1]);
    });

    test('an id that is no UUID, and a source that is no text, are the caller’s mistakes', async () => {
      const wrong = { code: 'invalid-input', retryable: false };
      await expect(log().append(newSource(), [candidate({ id: 'seven' })])).rejects.toMatchObject(wrong);
      await expect(log().append('\udc00', [candidate()])).rejects.toMatchObject(wrong);
    });

    test('nothing to append is nothing done', async () => {
      const newest = await log().newest();
      expect(await log().append(newSource(), [])).toEqual([]);
      expect(await log().newest()).toBe(newest);
    });

    test('a call of any size arrives in order', async () => {
      const source = newSource();
      const large = Array.from({ length: 12 }, () => candidate({ data: Buffer.alloc(900_000, ' ') }));
      const given = [...candidates(4_500), ...large, ...candidates(3)];
      const outcomes = await log().append(source, given);
      expect(revisions(outcomes)).toEqual(given.map((_, n) => n));
      expect((await read(log(), source)).map(({ id }) => id)).toEqual(given.map(({ id }) => id));
    });
  });
}
