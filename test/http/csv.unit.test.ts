import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvRow } from '../../src/http/csv/cell.js';
import { DEFAULT_COLUMNS, LIST_PATTERN, readColumns } from '../../src/http/csv/columns.js';
import type { ProblemError } from '../../src/http/problem.js';

/** As docs/api.md says. */
const unescaped = (cell: string): string => cell.replace(/^'/, '');

const cellsOf = (row: string): readonly string[] => parse(row)[0] ?? [];

/** The cell of one text, as CSV has it, and as a spreadsheet gets it. */
const cellOf = (text: string): string => cellsOf(csvRow(['before', text, 'after']))[1] ?? '';

const anyText = fc.string({ unit: 'binary', maxLength: 40 });
const PIECES = '= + - @ ＝ ＋ － ＠ \' " , ; \t \r \n \0 \u200b \ufeff =1+1 \r\n 12 .5 e9 😀'.split(' ');
const hostileText = fc
  .array(fc.constantFrom(' ', '\u00a0', ...PIECES), { maxLength: 8 })
  .map((parts) => parts.join(''));

describe('a cell', () => {
  it('comes out as its text went in, whatever it is', () => {
    const rows = fc.array(fc.oneof(anyText, hostileText), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(rows, (texts) => {
        expect(cellsOf(csvRow(texts)).map(unescaped)).toEqual(texts);
      }),
      { numRuns: 500 },
    );
  });

  it('never begins like a formula, but where it is a number', () => {
    fc.assert(
      fc.property(fc.oneof(hostileText, anyText), (text) => {
        const cell = cellOf(text);
        const isNumber = String(Number(cell)) === cell;
        expect(isNumber || !/^[\s\p{C}\p{Z}"]*[=+\-@＝＋－＠]/u.test(cell)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    '=1+1',
    '+49 30 1234',
    '-2+3',
    '@SUM(A1)',
    '=cmd|"/c calc"!A0',
    '  =1',
    " '=1",
    '"=1"',
    '\t=1',
    '\u00a0\ufeff=1',
    '\ttabbed',
    '\rreturned',
    '\nlower',
    '\0nothing',
    '＝1+1',
    '＋1',
    '－1',
    '＠A1',
    '-',
    "'quoted'",
    "'=1",
  ])('%j is kept as text', (text) => {
    expect(cellOf(text)).toBe(`'${text}`);
  });

  it.each(['0', '12', '-12.5', '1e+21', '1e-7', '123456789012345', '-0.00001', '9007199254740'])(
    'the number %s stays a number',
    (text) => {
      expect(cellOf(text)).toBe(text);
    },
  );

  it.each([
    ['1234567890123456', 'has digits that would be lost'],
    ['0.30000000000000004', 'likewise'],
    ['007', 'would lose what it begins with'],
    ['1.50', 'would lose what it ends with'],
    ['12e3', 'would be shown as another text'],
    ['+5', 'likewise'],
    ['5e-324', 'would become 0'],
    ['1.7976931348623157e+308', 'is too large'],
    ['0'.repeat(64), 'is a hash'],
  ])('%s is kept as text: it %s', (text) => {
    expect(cellOf(text)).toBe(`'${text}`);
  });

  it.each(['plain', '2026-11-20 10:00:00', '10.0.0.1', 'a=1', 'e5', '{"a":-1}', 'a-b', '😀', ''])(
    '%j needs nothing',
    (text) => {
      expect(cellOf(text)).toBe(text);
    },
  );

  it('of 32 KB costs no more than its bytes', () => {
    for (const text of [' '.repeat(32_768), '"'.repeat(32_768), '1'.repeat(32_768)]) {
      expect(unescaped(cellOf(text))).toBe(text);
    }
  });

  it('that is empty and alone is still a row', () => {
    expect(csvRow([''])).toBe('""\r\n');
    expect(csvRow(['', ''])).toBe(',\r\n');
  });
});

describe('columns', () => {
  const names = (...lists: string[]) => readColumns(lists).map(({ name }) => name);

  it('are those that were asked for, in that order', () => {
    expect(names('type,payload.a.0.b,payload:/a~1b/0,index')).toEqual([
      'type',
      'payload.a.0.b',
      'payload:/a~1b/0',
      'index',
    ]);
    expect(names('index', 'id')).toEqual(['index', 'id']);
    expect(names()).toEqual(DEFAULT_COLUMNS);
  });

  it('are written as the header row is', () => {
    const name = 'payload:/a, "b"';
    expect(names(csvRow(['index', name]).trimEnd())).toEqual(['index', name]);
  });

  it.each([
    ['index,foo', '"foo"', 'column'],
    ['Index', '"Index"', 'column'],
    ['', '""', 'column'],
    ['index,', '""', 'column'],
    ['constructor', '"constructor"', 'column'],
    ['payload.a..b', '"payload.a..b"', 'path'],
    ['payload:a', '"payload:a"', 'pointer'],
    ['"index', '"\\"index"', 'quotes'],
    ['index,"a"b', '"\\"a\\"b"', 'quotes'],
  ])('columns=%s is refused, naming %s', (list, named, keyword) => {
    let problem: unknown = null;
    try {
      readColumns([list]);
    } catch (error) {
      problem = (error as ProblemError).problem;
    }
    expect(problem).toMatchObject({
      code: 'invalid-parameter',
      errors: [{ parameter: 'columns', keyword, detail: expect.stringContaining(`${named} `) as unknown }],
    });
  });

  it('are taken where they are as the description says, and only there', () => {
    const described = new RegExp(LIST_PATTERN, 'u');
    const piece = fc.constantFrom(
      'index',
      'payload',
      '.',
      ':',
      '/',
      '~',
      '~0',
      ',',
      '"',
      '""',
      'a',
      'é,"',
      '',
    );
    const list = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));
    const isTaken = (text: string): boolean => {
      try {
        return readColumns([text]).length > 0;
      } catch {
        return false;
      }
    };
    fc.assert(
      fc.property(fc.oneof(list, fc.stringMatching(described, { size: 'small' })), (text) => {
        expect(isTaken(text), text).toBe(described.test(text));
      }),
      { numRuns: 1_000 },
    );
  });
});
