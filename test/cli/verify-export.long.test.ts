import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ExportChecker } from '../../src/ledger/export-check.js';
import { ExportWriter } from '../../src/ledger/manifest.js';
import { ledgerOf } from '../ledger/builders.js';
import { runCommand, temporaryFolder } from '../support/ledger-process.js';

const ENTRIES = 1_200;
const PAYLOAD = 'x'.repeat(20_000);

/** Large enough for two threads to check it. */
const FILE = exported();

describe('verify-export of a large file', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  beforeAll(async () => {
    folder = await temporaryFolder();
  });
  afterAll(() => folder.remove());

  it.each([
    ['an honest one', FILE],
    ['one with another byte in a payload', changed(FILE.indexOf(PAYLOAD, FILE.length / 2))],
    ['one with another byte in a header', changed(FILE.indexOf('"hash":"', FILE.length / 2) + 8)],
    ['one without a line', without(FILE, 700)],
    ['one that was cut in a line', FILE.subarray(0, FILE.length - 30_000)],
    ['one that ends with a line in two', Buffer.concat([FILE, Buffer.from('{"manifest":')])],
  ])('says of %s what is found of it in one piece', async (_, file) => {
    const path = join(folder.path, 'export.jsonl');
    await writeFile(path, file);
    const { stdout, code } = await runCommand(['verify-export', '--json', path], {});
    const expected = reportOf(file);
    expect(JSON.parse(stdout)).toEqual(expected);
    expect(code).toBe(expected.intact ? 0 : 1);
  });

  it('says the same of one that comes packed through a pipe', async () => {
    const { stdout } = await runCommand(['verify-export', '--json', '-'], {}, gzipSync(FILE));
    expect(JSON.parse(stdout)).toEqual(reportOf(FILE));
  });
});

function exported(): Buffer {
  const { entries, head } = ledgerOf(
    Array.from({ length: ENTRIES }, (_, n) => ({ data: Buffer.from(`{"n":${n},"text":"${PAYLOAD}"}`) })),
  );
  const writer = new ExportWriter({ ledger: 'test', filters: {}, fromIndex: 0, toIndex: ENTRIES, head });
  return Buffer.concat([writer.lines(entries), writer.end()]);
}

function reportOf(file: Buffer): { readonly intact: boolean } {
  const checker = new ExportChecker();
  checker.write(file);
  return JSON.parse(JSON.stringify(checker.end())) as { readonly intact: boolean };
}

function changed(place: number): Buffer {
  const file = Buffer.from(FILE);
  file[place] = (file[place] ?? 0) ^ 1;
  return file;
}

function without(file: Buffer, line: number): Buffer {
  const lines = file.toString().split('\n');
  return Buffer.from([...lines.slice(0, line), ...lines.slice(line + 1)].join('\n'));
}
