import { describe, expect, it } from 'vitest';
import { IdentifiedLines } from '../../src/cli/import-lines.js';

function identified(...lines: readonly string[]): readonly (string | null)[] {
  const file = new IdentifiedLines();
  return lines.map((line) => file.next(Buffer.from(line))?.bytes.toString() ?? null);
}

const idOf = (line: string | null | undefined): unknown =>
  (JSON.parse(line ?? 'null') as { id?: unknown } | null)?.id;

describe('lines of an import file', () => {
  it('are no events when they are white space, however much of it', () => {
    expect(identified('', ' \t\r', ' '.repeat(1_000))).toEqual([null, null, null]);
  });

  it('are numbered as in the file, white space included', () => {
    const file = new IdentifiedLines();
    file.next(Buffer.from(' '));
    expect(file.next(Buffer.from('{}'))?.number).toBe(2);
  });

  it('get the same ids each time the file is read, and equal lines different ones', () => {
    const line = '{ "source": "s", "n": 1.0 }';
    const [first, second] = identified(line, line);
    expect(first).toBe(`{"id":"${String(idOf(first))}", "source": "s", "n": 1.0 }`);
    expect(idOf(second)).not.toBe(idOf(first));
    expect(identified(line, line)).toEqual([first, second]);
  });

  it('stay as they are where they bring an id, or where the API must refuse them', () => {
    const lines = ['{"source":"s","id":"mine"}', 'no JSON', '[]', '{"source":1}', '{}'];
    expect(identified(...lines)).toEqual(lines);
  });

  it('are copies, which stay when what was read is overwritten', () => {
    const read = Buffer.from('{"source":"s","id":"mine"}');
    const line = new IdentifiedLines().next(read);
    read.fill(0);
    expect(line?.bytes.toString()).toBe('{"source":"s","id":"mine"}');
  });
});
