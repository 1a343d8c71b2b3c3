import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  ExportWriter,
  manifestLine,
  parseManifest,
  parseNotedHead,
  type Manifest,
} from '../../src/ledger/manifest.js';
import { clipRange } from '../../src/ledger/range.js';
import type { Hash } from '../../src/ledger/types.js';
import { ledgerOfSize } from './builders.js';

const HASH = 'ab'.repeat(32) as Hash;
const MANIFEST: Manifest = {
  ledger: 'ledger.example/1',
  filters: { type: ['user.login', 'user.logout'], since: ['2026-01-01T00:00:00+01:00'] },
  count: 2,
  fromIndex: 0,
  toIndex: 7,
  head: { size: 7, hash: HASH },
  sha256: HASH,
};
const LINE = `{"manifest":{"format":"event-ledger-export/1","ledger":"ledger.example/1","filters":{"type":["user.login","user.logout"],"since":["2026-01-01T00:00:00+01:00"]},"count":2,"fromIndex":0,"toIndex":7,"head":{"size":7,"hash":"${HASH}"},"sha256":"${HASH}"}}`;

describe('the manifest', () => {
  it('has one form, byte for byte', () => {
    expect(manifestLine(MANIFEST).toString()).toBe(LINE);
    expect(parseManifest(Buffer.from(LINE))).toMatchObject({ ok: true, manifest: MANIFEST });
  });

  it.each([
    ['format', LINE.replace('export/1', 'export/2')],
    ['ledger', LINE.replace('"ledger.example/1"', '1')],
    ['filters', LINE.replace('["user.login","user.logout"]', '"user.login"')],
    ['filters', LINE.replace('"user.login"', '1')],
    ['filters', LINE.replace('"user.login","user.logout"', '')],
    ['count', LINE.replace('"count":2', '"count":-2')],
    ['fromIndex', LINE.replace('"fromIndex":0', '"fromIndex":null')],
    ['toIndex', LINE.replace('"toIndex":7', '"toIndex":7.5')],
    ['head', LINE.replace('"size":7,', '')],
    ['sha256', LINE.replace(`"sha256":"${HASH}"`, '"sha256":""')],
    ['byte for byte', LINE.replace(',"count"', ', "count"')],
    ['byte for byte', LINE.replace('"count":2', '"count":2,"count":2')],
    ['byte for byte', `${LINE}\r`.replace('\r', ' ')],
    ['byte for byte', LINE.replace('"count":2', '"count":2,"more":1')],
    ['not an object', '{"manifest":[]}'],
    ['no JSON', '{"manifest":'],
    ['longer', `{"manifest":${'['.repeat(2_000_000)}`],
  ])('is refused in any other: %s', (reason, text) => {
    const parsed = parseManifest(Buffer.from(text));
    expect(parsed.ok ? null : parsed.problem).toContain(reason);
  });

  it('tells the bytes and the number of the lines before it', () => {
    const { entries, head } = ledgerOfSize(3);
    const { ledger, filters, fromIndex, toIndex } = MANIFEST;
    const writer = new ExportWriter({ ledger, filters, fromIndex, toIndex, head });
    const lines = writer.lines(entries);
    const end = writer.end();
    expect(lines.toString().split('\n')).toHaveLength(4);
    expect(end.toString().endsWith('}}\n')).toBe(true);
    const parsed = parseManifest(end.subarray(0, -1));
    const sha256 = createHash('sha256').update(lines).digest('hex');
    expect(parsed).toMatchObject({ ok: true, manifest: { count: 3, sha256, head } });
  });
});

describe('a noted head', () => {
  it('is a size and a hash', () => {
    expect(parseNotedHead(`7:${HASH}`)).toEqual({ size: 7, hash: HASH });
    expect(parseNotedHead(` 0:${'AB'.repeat(32)}\n`)).toEqual({ size: 0, hash: HASH });
    for (const text of [
      '',
      '7',
      `:${HASH}`,
      `07:${HASH}`,
      `-7:${HASH}`,
      `7:${HASH}0`,
      `7 ${HASH}`,
      '7:xyz',
    ]) {
      expect(parseNotedHead(text)).toBeNull();
    }
  });
});

describe('a range', () => {
  it('goes as far as the ledger does', () => {
    expect(clipRange({}, 7)).toEqual({ fromIndex: 0, toIndex: 7 });
    expect(clipRange({ fromIndex: 2, toIndex: 5 }, 7)).toEqual({ fromIndex: 2, toIndex: 5 });
    expect(clipRange({ fromIndex: 9, toIndex: 12 }, 7)).toEqual({ fromIndex: 7, toIndex: 7 });
  });
});
