import { describe, expect, it } from 'vitest';
import { administrator } from '../../src/access/principal.js';
import { readFilters, readRange } from '../../src/http/event-query.js';
import { choice, integer, readParameters, type Parameters } from '../../src/http/parameters.js';
import { ProblemError, type Problem } from '../../src/http/problem.js';

const NAMES =
  'source type actor recordedBy subject verdict since until fromIndex toIndex payload.* payload:*'.split(' ');

const read = (query: string): Parameters => readParameters(`/v1/events?${query}`, NAMES);
const filters = (query: string) =>
  readFilters(read(query), { internal: false, principal: administrator('admin') });

function problemOf(action: () => unknown): Problem {
  try {
    action();
  } catch (error) {
    if (error instanceof ProblemError) return error.problem;
    throw error;
  }
  throw new Error('no problem');
}

describe('query parameters', () => {
  it('repeated, they are alternatives', () => {
    expect(filters('source=a&source=b&type=t').sources).toEqual(['a', 'b']);
    expect(filters('source=a&source=b&type=t').types).toEqual(['t']);
  });

  it('are decoded as UTF-8, plus signs as spaces', () => {
    expect(filters('source=a%2Fb+c%20%C3%A9').sources).toEqual(['a/b c é']);
  });

  it('a time is read with its offset and cut to milliseconds', () => {
    expect(filters('since=2026-01-01T00:00:00.1239%2B02:00').since).toBe('2025-12-31T22:00:00.123Z');
  });

  it.each([
    ['foo=1', 'foo', 'unknown'],
    ['Source=a', 'Source', 'unknown'],
    ['=a', '', 'unknown'],
    ['payload=1', 'payload', 'unknown'],
    ['source=', 'source', 'text'],
    ['source', 'source', 'text'],
    ['source=%zz', 'source', 'encoding'],
    ['source=%ff', 'source', 'encoding'],
    ['source=a%00b', 'source', 'character'],
    ['since=yesterday', 'since', 'date-time'],
    ['since=2026-01-01', 'since', 'date-time'],
    ['since=2026-02-30T00:00:00Z', 'since', 'date-time'],
    ['since=2026-01-01T00:00:00Z&since=2026-01-02T00:00:00Z', 'since', 'once'],
    ['verdict=good', 'verdict', 'enum'],
    ['payload.=1', 'payload.', 'path'],
    ['payload.a..b=1', 'payload.a..b', 'path'],
    ['payload.{path}=1', 'payload.{path}', 'placeholder'],
    ['payload:a=1', 'payload:a', 'pointer'],
    ['payload:/~2=1', 'payload:/~2', 'pointer'],
  ])('%s is refused and %s named', (query, parameter, keyword) => {
    const problem = problemOf(() => filters(query));
    expect(problem.code).toBe('invalid-parameter');
    expect(problem.errors).toEqual([expect.objectContaining({ parameter, keyword }) as unknown]);
  });

  it('an unescaped plus sign in an offset is explained', () => {
    expect(problemOf(() => filters('since=2026-01-01T00:00:00+02:00')).detail).toContain('%2B');
  });

  it('a place in the payload is given by dots or by a JSON Pointer', () => {
    expect(filters('payload.a.0.b=x').payload).toEqual([{ path: ['a', '0', 'b'], values: ['"x"'] }]);
    expect(filters('payload:/a.b/c~1d~0e=x').payload).toEqual([{ path: ['a.b', 'c/d~e'], values: ['"x"'] }]);
    expect(filters('payload:=x').payload).toEqual([{ path: [], values: ['"x"'] }]);
    expect(filters('payload:/=x').payload).toEqual([{ path: [''], values: ['"x"'] }]);
  });

  it.each([
    ['12.50', ['"12.50"', '12.5']],
    ['true', ['"true"', 'true']],
    ['null', ['"null"', 'null']],
    ['abc', ['"abc"']],
    ['"12"', ['"12"']],
    ['"a', ['"\\"a"']],
    ['[1]', ['"[1]"']],
    ['1e400', ['"1e400"']],
    ['', ['""']],
  ])('the value %s stands for the string, and for the scalar that it is: %j', (value, expected) => {
    expect(filters(`payload.a=${encodeURIComponent(value)}`).payload[0]?.values).toEqual(expected);
  });

  it('numbers are whole, safe and in range', () => {
    const limit = (text: string) =>
      integer(readParameters(`/?limit=${text}`, ['limit']), 'limit', { least: 1, most: 500 });
    expect(limit('500')).toBe(500);
    for (const text of ['0', '501', '-1', '1.0', '01', '1e2', '', '9007199254740993', ' 1']) {
      expect(problemOf(() => limit(text)).errors).toEqual([
        expect.objectContaining({ parameter: 'limit', keyword: 'integer' }) as unknown,
      ]);
    }
  });

  it('a range that ends before it begins is refused', () => {
    expect(readRange(read('fromIndex=3&toIndex=3'))).toEqual({ fromIndex: 3, toIndex: 3 });
    expect(problemOf(() => readRange(read('fromIndex=4&toIndex=3'))).code).toBe('invalid-parameter');
  });

  it('a choice is one of its words', () => {
    const order = (text: string) =>
      choice(readParameters(`/?order=${text}`, ['order']), 'order', ['asc', 'desc']);
    expect(order('asc')).toBe('asc');
    expect(problemOf(() => order('up')).detail).toBe('order must be asc or desc');
  });
});
