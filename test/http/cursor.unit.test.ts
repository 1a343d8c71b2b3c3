import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { administrator } from '../../src/access/principal.js';
import { readCursor, writeCursor } from '../../src/http/cursor.js';
import { entryName } from '../../src/ledger/name.js';
import { readParameters } from '../../src/http/parameters.js';

const query = (text: string, route = '/v1/events', user = 'admin') => ({
  route,
  principal: administrator(user),
  parameters: readParameters(`${route}?${text}`, ['*']),
});

describe('cursors', () => {
  it('give back the place that they were made of', () => {
    fc.assert(
      fc.property(fc.nat(), fc.string({ minLength: 1, unit: 'grapheme' }), (index, name) => {
        const place = entryName(name);
        const sources = query('internal=true', '/v1/sources');
        expect(readCursor(writeCursor(`${index}`, query('source=a')), query('source=a'))).toBe(`${index}`);
        expect(readCursor(writeCursor(place, sources), sources)).toBe(place);
      }),
    );
  });

  it('hold whatever the limit and in whichever order the parameters come', () => {
    const cursor = writeCursor('17', query('source=a&source=b&limit=2&order=asc'));
    expect(readCursor(cursor, query('order=asc&source=b&limit=9&source=a&cursor=x'))).toBe('17');
  });

  it.each([
    ['another filter', query('source=b')],
    ['another principal', query('source=a', '/v1/events', 'other')],
    ['one filter more', query('source=a&type=t')],
    ['another order', query('source=a&order=asc')],
    ['another route', query('source=a', '/v1/sources')],
  ])('are refused for %s', (_what, other) => {
    const cursor = writeCursor('17', query('source=a'));
    expect(() => readCursor(cursor, other)).toThrow('was not given out for this query');
  });

  it.each(['1.5', '-5', 'NaN', 'abc', '01', '1e3', '9007199254740992', ' 1', ''])(
    'are refused for %j, which is no index',
    (place) => {
      expect(() => readCursor(writeCursor(place, query('')), query(''))).toThrow('was not given out');
    },
  );

  it.each(['a\0b', '', ' a', '$all', '~a', 'x'.repeat(513)])(
    'are refused for %j, which is no source',
    (place) => {
      const sources = query('', '/v1/sources');
      expect(() => readCursor(writeCursor(place, sources), sources)).toThrow('was not given out');
    },
  );

  it('are refused when a byte of them was changed, or when they are nonsense', () => {
    const cursor = writeCursor('17', query(''));
    const changed = Array.from(cursor, (character, at) =>
      [cursor.slice(0, at), character === 'A' ? 'B' : 'A', cursor.slice(at + 1)].join(''),
    );
    for (const text of [...changed, `${cursor}A`, cursor.slice(1), '', '%', 'AAAA', '17']) {
      expect(() => readCursor(text, query('')), text).toThrow('was not given out for this query');
    }
  });
});
