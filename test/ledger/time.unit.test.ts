import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { instantFromMs, instantToMs, isInstant, parseTimestamp } from '../../src/ledger/time.js';

const FIRST = Date.parse('0001-01-01T00:00:00.000Z');
const LAST = Date.parse('9999-12-31T23:59:59.999Z');
const anyMs = fc.integer({ min: FIRST, max: LAST });

describe('a timestamp', () => {
  it.each([
    ['2026-11-20T10:00:00Z', '2026-11-20T10:00:00.000Z'],
    ['2026-11-20t10:00:00z', '2026-11-20T10:00:00.000Z'],
    ['2026-11-20T10:00:00+05:30', '2026-11-20T04:30:00.000Z'],
    ['2026-11-20T10:00:00-23:59', '2026-11-21T09:59:00.000Z'],
    ['2026-11-20T10:00:00-00:00', '2026-11-20T10:00:00.000Z'],
    ['2026-11-20T10:00:00.1Z', '2026-11-20T10:00:00.100Z'],
    ['2026-11-20T10:00:00.9999999999Z', '2026-11-20T10:00:00.999Z'],
    ['1969-12-31T23:59:59.9999Z', '1969-12-31T23:59:59.999Z'],
    [`2026-11-20T10:00:00.${'1'.repeat(400)}Z`, '2026-11-20T10:00:00.111Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    ['2000-02-29T00:00:00Z', '2000-02-29T00:00:00.000Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
    ['0099-01-01T00:00:00Z', '0099-01-01T00:00:00.000Z'],
    ['0000-12-31T23:30:00-01:00', '0001-01-01T00:30:00.000Z'],
    ['9999-12-31T23:59:59.9999Z', '9999-12-31T23:59:59.999Z'],
    ['2016-12-31T23:59:60Z', '2016-12-31T23:59:59.999Z'],
    ['2017-01-01T00:59:60.5+01:00', '2016-12-31T23:59:59.999Z'],
    ['2015-06-30T23:59:60Z', '2015-06-30T23:59:59.999Z'],
    ['9999-12-31T23:59:60Z', '9999-12-31T23:59:59.999Z'],
  ])('%s is %s', (text, instant) => {
    expect(parseTimestamp(text)).toBe(instant);
  });

  it.each([
    '',
    '2026-11-20',
    '2026-11-20T10:00Z',
    '2026-11-20T10:00:00',
    '2026-11-20 10:00:00Z',
    '2026-11-20T10:00:00.Z',
    '2026-11-20T10:00:00,5Z',
    '2026-11-20T10:00:00+0530',
    '2026-11-20T10:00:00+05',
    '2026-11-20T10:00:00+24:00',
    '2026-11-20T10:00:00+05:60',
    '2026-11-20T24:00:00Z',
    '2026-11-20T10:60:00Z',
    '2026-11-20T10:00:61Z',
    '2026-11-20T10:00:60Z',
    '2016-12-30T23:59:60Z',
    '2016-12-31T23:59:60+01:00',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-01-00T00:00:00Z',
    '2026-01-32T00:00:00Z',
    '2026-02-29T00:00:00Z',
    '1900-02-29T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '0000-06-01T00:00:00Z',
    '0001-01-01T00:30:00+01:00',
    '9999-12-31T23:30:00-01:00',
    '10000-01-01T00:00:00Z',
    '+2026-11-20T10:00:00Z',
    '2026-11-20T10:00:00Z\n',
    ' 2026-11-20T10:00:00Z',
    '２026-11-20T10:00:00Z',
    'Fri, 20 Nov 2026 10:00:00 GMT',
  ])('is refused: %j', (text) => {
    expect(parseTimestamp(text)).toBeNull();
  });

  it('denotes the same instant with any offset', () => {
    const offset = fc.integer({ min: -23 * 60 - 59, max: 23 * 60 + 59 });
    fc.assert(
      fc.property(fc.integer({ min: FIRST + 864e5, max: LAST - 864e5 }), offset, (ms, minutes) => {
        const local = new Date(ms + minutes * 60_000).toISOString().slice(0, -1);
        const hours = String(Math.floor(Math.abs(minutes) / 60)).padStart(2, '0');
        const rest = String(Math.abs(minutes) % 60).padStart(2, '0');
        const text = `${local}${minutes < 0 ? '-' : '+'}${hours}:${rest}`;
        expect(parseTimestamp(text)).toBe(instantFromMs(ms));
      }),
    );
  });
});

describe('an instant', () => {
  it('is its milliseconds and back, and sorts as they do', () => {
    fc.assert(
      fc.property(anyMs, anyMs, (a, b) => {
        expect(instantToMs(instantFromMs(a))).toBe(a);
        expect(isInstant(instantFromMs(a))).toBe(true);
        expect(parseTimestamp(instantFromMs(a))).toBe(instantFromMs(a));
        expect(instantFromMs(a) < instantFromMs(b)).toBe(a < b);
      }),
    );
  });

  it.each([FIRST - 1, LAST + 1, 0.5, NaN, Infinity])('is not made of %s', (ms) => {
    expect(() => instantFromMs(ms)).toThrow(expect.objectContaining({ code: 'internal' }));
  });

  it.each([
    '2026-11-20T10:00:00Z',
    '2026-11-20T10:00:00.00Z',
    '2026-11-20T10:00:00.000z',
    '2026-11-20T10:00:00.000+00:00',
    '2026-02-30T00:00:00.000Z',
    '2026-11-20T24:00:00.000Z',
    '2026-12-31T23:59:60.000Z',
    '2026-11-20T10:60:00.000Z',
    '0000-01-01T00:00:00.000Z',
    '+010000-01-01T00:00:00.000Z',
    '2026-11-20T10:00:00.000Z\n',
    '',
    null,
    1_700_000_000_000,
  ])('has one form only, not %j', (text) => {
    expect(isInstant(text)).toBe(false);
  });
});
