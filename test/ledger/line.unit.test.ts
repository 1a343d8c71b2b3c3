import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isCanonicalJson } from '../../src/ledger/canonical-form.js';
import { canonicalJson } from '../../src/ledger/canonical-json.js';
import { headerBytes } from '../../src/ledger/entry.js';
import { checkEntry } from '../../src/ledger/entry-check.js';
import { entryLine, parseLine, withheldLine } from '../../src/ledger/line.js';
import type { Entry, Json } from '../../src/ledger/types.js';
import { at, ledgerOf, type EventDraft } from './builders.js';

const entryOf = (draft: EventDraft): Entry => at(ledgerOf([draft]).entries, 0);
const ENTRY = entryOf({ source: 'ä "quoted"', data: Buffer.from('{"a":[1,"}"],"payload":{}}') });
const LINE = entryLine(ENTRY).toString();

const parse = (text: string) => parseLine(Buffer.from(text));
const problem = (text: string | Buffer) => {
  const parsed = parseLine(Buffer.from(text));
  return parsed.ok ? null : parsed.problem;
};

describe('the line of an entry', () => {
  it('is the recorded bytes in a fixed order, without white space', () => {
    const { header, hash, metadata, data } = ENTRY;
    const expected = `{"entry":${headerBytes(header).toString()},"hash":"${hash}","metadata":${metadata.toString()},"payload":${data.toString()}}`;
    expect(LINE).toBe(expected);
    expect(canonicalJson(JSON.parse(LINE) as Json)).toBe(LINE);
  });

  it.each([
    ['canonical JSON', '{"a":1}', true],
    ['a scalar', '"x"', true],
    ['64 levels', '['.repeat(64) + ']'.repeat(64), true],
    ['65 levels', '['.repeat(65) + ']'.repeat(65), false],
    ['another spelling', '{"a":1.0}', false],
    ['white space', '{ }', false],
    ['a number that is none', '1e200000', false],
    ['no bytes', '', false],
    ['no JSON', '\xff', false],
  ])('holds %s as JSON or in Base64', (_, text, asJson) => {
    const data = Buffer.from(text, 'latin1');
    const line = entryLine(entryOf({ data, metadata: data })).toString();
    const base64 = data.toString('base64');
    expect(line).toContain(
      asJson
        ? `,"metadata":${text},"payload":${text}}`
        : `,"metadataBase64":"${base64}","payloadBase64":"${base64}"}`,
    );
    expect(parse(line)).toMatchObject({ ok: true });
  });

  it('gives back what went in, whatever bytes were recorded', () => {
    const bytes = fc.oneof(
      fc.jsonValue({ maxDepth: 3 }).map((value) => Buffer.from(canonicalJson(value as Json))),
      fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array)),
      fc.json({ maxDepth: 3 }).map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(bytes, bytes, (data, metadata) => {
        const entry = entryOf({ data, metadata });
        const parsed = parseLine(entryLine(entry));
        if (!parsed.ok) throw new Error(parsed.problem);
        const { header, hash, content } = parsed.entry;
        expect({ header, hash }).toEqual({ header: entry.header, hash: entry.hash });
        expect(content?.data.equals(data)).toBe(true);
        expect(content?.metadata.equals(metadata)).toBe(true);
        expect(checkEntry(parsed.entry)).toMatchObject({ sound: true, differences: [] });
      }),
      { numRuns: 200 },
    );
  });

  it('may keep its content back', () => {
    const line = withheldLine(ENTRY);
    expect(line.toString()).toMatch(/^\{"entry":\{.*\},"hash":"[0-9a-f]{64}","withheld":true\}$/);
    expect(parseLine(line)).toMatchObject({ ok: true, entry: { content: null, hash: ENTRY.hash } });
  });
});

describe('reading a line', () => {
  it('refuses every other form of the same values', () => {
    const header = headerBytes(ENTRY.header).toString();
    const base64 = ENTRY.data.toString('base64');
    const payload = `,"payload":${ENTRY.data.toString()}`;
    const metadata = `,"metadata":${ENTRY.metadata.toString()}`;
    const forms: Record<string, string> = {
      'white space': LINE.replace(',"hash"', ', "hash"'),
      'white space in the header': LINE.replace('"v":1', '"v": 1'),
      'white space at the end': `${LINE} `,
      'a carriage return': `${LINE}\r`,
      'a byte order mark': `\ufeff${LINE}`,
      'another order': LINE.replace(metadata + payload, payload + metadata),
      'another order in the header': LINE.replace(header, `{"v":1,${header.slice(1).replace(',"v":1', '')}`),
      'an escape': LINE.replace('thing.happened', 'thing\\u002ehappened'),
      'a number in another spelling': LINE.replace('"index":0', '"index":0.0'),
      'a member given twice': LINE.replace('"v":1', '"v":1,"v":1'),
      'a payload given twice': LINE.replace(payload, payload + payload),
      'a member too many': LINE.replace('"v":1', '"v":1,"w":1'),
      'a member too many at the end': LINE.replace(/\}$/, ',"x":1}'),
      'a member too few': LINE.replace('"v":1,', ''),
      'a prototype': LINE.replace('{"actor"', '{"__proto__":null,"actor"'),
      'Base64 without need': LINE.replace(payload, `,"payloadBase64":"${base64}"`),
      'a payload in another spelling': LINE.replace('[1,', '[1.0,'),
      'a payload with a member given twice': LINE.replace('{"a":', '{"a":1,"a":'),
      'a payload that goes on': LINE.replace(/\}$/, '{}}'),
      'no payload': LINE.replace(payload, ''),
      'a payload withheld twice': LINE.replace(/\}$/, ',"withheld":true}'),
      'withheld, and more': `${withheldLine(ENTRY).toString()} `,
      'withheld, but not quite': withheldLine(ENTRY).toString().replace('true', 'false'),
      'two lines in one': LINE + LINE,
      'an array of lines': `[${LINE}]`,
    };
    for (const [form, text] of Object.entries(forms)) {
      expect([form, text === LINE]).toEqual([form, false]);
      expect([form, problem(text)]).toEqual([form, expect.any(String)]);
    }
  });

  it('refuses Base64 in another spelling', () => {
    const line = entryLine(entryOf({ data: Buffer.from('?') })).toString();
    expect(problem(line)).toBeNull();
    for (const other of ['Pw', 'Px==', 'Pw=', 'P w==', 'Pw==\\n', '-w==']) {
      expect(problem(line.replace('"Pw=="', `"${other}"`))).toEqual(expect.any(String));
    }
  });

  it.each([
    ['index', '"index":0', '"index":-1'],
    ['index', '"index":0', '"index":9007199254740992'],
    ['index', '"index":0', '"index":"0"'],
    ['id', '00000000-', '0000000G-'],
    ['source', '"source":"', '"source":" '],
    ['type', 'thing.happened', '.'],
    ['verdict', 'accepted', 'perhaps'],
    ['schema', '5c5c', '5C5C'],
    ['recordedAt', '"recordedAt":"2026', '"recordedAt":"0000'],
    ['occurredAt', '"occurredAt":"2026-09-21', '"occurredAt":"2026-02-30'],
    ['actor', '"actor":"alice"', '"actor":"\\ud800"'],
    ['recordedBy', '"recordedBy":"admin"', '"recordedBy":""'],
    ['v', '"v":1', '"v":2'],
  ])('refuses a header whose %s no entry can have: %s', (member, from, to) => {
    expect(LINE).toContain(from);
    expect(problem(LINE.replace(from, to))).toBe(`entry: ${member} is not what a header can have`);
  });

  it('survives anything', () => {
    const [before, after] = LINE.split(ENTRY.data.toString()) as [string, string];
    const bombs = [
      ...[
        '',
        '{',
        '{}',
        '{"entry":',
        '{"entry":{',
        '{"entry":null},"hash":"',
        LINE.slice(0, -1),
        LINE.slice(0, 300),
      ],
      '{"entry":' + '['.repeat(100_000),
      '{"entry":{"a":' + '['.repeat(100_000) + '},"hash":"',
      before + '['.repeat(100_000) + ']'.repeat(100_000) + after,
      before + '{"a":'.repeat(100_000) + after,
      `${before}1e999999999${after}`,
      `${before}${'9'.repeat(100_000)}${after}`,
      `${before}"\\ud800"${after}`,
      `${before}"\\u0000"${after}`,
    ];
    for (const bomb of bombs) expect(problem(bomb)).toEqual(expect.any(String));
    fc.assert(
      fc.property(fc.nat(LINE.length - 1), fc.nat(255), (place, byte) => {
        const bytes = Buffer.from(LINE);
        bytes.writeUInt8(byte, place);
        const parsed = parseLine(bytes);
        // whatever is still a line is what its bytes say, and nothing else
        if (parsed.ok) expect(bytes.toString()).toContain(headerBytes(parsed.entry.header).toString());
      }),
      { numRuns: 300 },
    );
  });

  it('lets no changed byte pass: it is no line any more, or its hashes tell', () => {
    for (let place = 0; place < Buffer.byteLength(LINE); place++) {
      const bytes = Buffer.from(LINE);
      bytes.writeUInt8(bytes.readUInt8(place) ^ 1, place);
      const parsed = parseLine(bytes);
      if (parsed.ok) expect(checkEntry(parsed.entry).differences).not.toEqual([]);
    }
    expect(isCanonicalJson(Buffer.from(LINE))).toBe(true);
  });
});
