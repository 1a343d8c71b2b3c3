import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { admit } from '../../src/http/admission.js';
import { MAX_METADATA_BYTES, MAX_PAYLOAD_BYTES } from '../../src/http/limits.js';
import { isArrayDocument, parseArray, parseEvent, parseLines } from '../../src/http/documents.js';
import { ProblemError, type Problem } from '../../src/http/problem.js';
import { decodeMetadata } from '../../src/ledger/metadata.js';
import { parseStrictJson } from '../../src/ledger/strict-json.js';
import type { Json } from '../../src/ledger/types.js';

const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
const eventWith = (payload: string): string => `{"source":"s","type":"t","payload":${payload}}`;

async function problemOf(action: () => unknown): Promise<Problem> {
  try {
    await action();
  } catch (error) {
    if (error instanceof ProblemError) return error.problem;
    throw error;
  }
  throw new Error('no problem');
}

const pointerOf = (problem: Problem): unknown => problem.errors?.[0];

describe('request documents', () => {
  it('a payload may have 64 levels wherever it stands, and not one more', async () => {
    const good = eventWith(nested(64));
    const bad = eventWith(nested(65));
    expect(parseEvent(Buffer.from(good))).toBeDefined();
    expect(await parseArray(Buffer.from(`[${good}]`))).toHaveLength(1);
    expect([...parseLines(Buffer.from(good))][0]?.ok).toBe(true);
    expect((await problemOf(() => parseEvent(Buffer.from(bad)))).code).toBe('not-i-json');
    expect((await problemOf(() => parseArray(Buffer.from(`[${bad}]`)))).code).toBe('not-i-json');
    expect([...parseLines(Buffer.from(bad))][0]?.ok).toBe(false);
  });

  it('what is no JSON is told from what is no I-JSON', async () => {
    expect((await problemOf(() => parseEvent(Buffer.from('{')))).code).toBe('invalid-json');
    expect((await problemOf(() => parseEvent(Buffer.from('')))).code).toBe('invalid-json');
    expect((await problemOf(() => parseEvent(Buffer.from([0x22, 0xff, 0x22])))).code).toBe('invalid-json');
    const twice = await problemOf(() => parseEvent(Buffer.from(eventWith('{"a":1,"a":2}'))));
    expect(twice.code).toBe('not-i-json');
    expect(pointerOf(twice)).toMatchObject({ pointer: '/payload/a' });
  });

  it('an array is one document, its pointers begin with the item', async () => {
    const body = `[${eventWith('1')},${eventWith('{"n":9007199254740993}')}]`;
    expect(isArrayDocument(Buffer.from(` \n${body}`))).toBe(true);
    expect(pointerOf(await problemOf(() => parseArray(Buffer.from(body))))).toMatchObject({
      pointer: '/1/payload/n',
    });
  });

  it('an array is taken or refused as the one document that it is, whatever is done to it', async () => {
    const texts = fc.array(
      fc.oneof(
        fc.json({ maxDepth: 2 }),
        fc.constantFrom(
          '1e400',
          '{"a":1,"a":2}',
          '["\\ud800"]',
          '',
          ' ',
          '1 2',
          '}',
          ']',
          '[',
          '"',
          '{"a":[1}',
          '\ufeff',
        ),
      ),
      { maxLength: 5 },
    );
    const around = fc.constantFrom('', ' ', '\n', ']', ',', 'x');
    await fc.assert(
      fc.asyncProperty(texts, around, around, async (items, separator, after) => {
        const body = Buffer.from(`[${items.join(`,${separator}`)}]${after}`);
        const whole = parseStrictJson(body, { maxDepth: 66 });
        if (whole.ok) {
          const values = (await parseArray(body)).map((item) => (item.ok ? item.value : 'refused'));
          expect(values).toEqual(whole.value);
        } else {
          const { code, errors } = await problemOf(() => parseArray(body));
          expect([code, errors]).toEqual([
            whole.kind === 'syntax' ? 'invalid-json' : 'not-i-json',
            [whole.problem],
          ]);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('an event of an array that is too long fails alone, unless the array is no JSON', async () => {
    const long = `"${'x'.repeat(2 * 1024 * 1024)}"`;
    expect(await parseArray(Buffer.from(`[1,${long},2]`))).toMatchObject([
      { ok: true },
      { problem: { code: 'too-large', errors: [{ pointer: '/1' }] } },
      { ok: true },
    ]);
    const broken = Buffer.from(`[1,[${long}x],2]`);
    expect((await problemOf(() => parseArray(broken))).code).toBe('invalid-json');
  });

  it('reading many events of an array lets others have their turn', async () => {
    let turns = 0;
    const others = setInterval(() => turns++, 0);
    const event = `{${Array.from({ length: 20_000 }, (_, i) => `"m${i}":1`).join(',')}}`;
    await parseArray(Buffer.from(`[${Array(30).fill(event).join(',')}]`));
    clearInterval(others);
    expect(turns).toBeGreaterThan(2);
  });

  it('lines are documents of their own, and empty ones are not counted', () => {
    const body = `\n${eventWith('1')}\r\n \t\r\n{\n${eventWith('1e400')}\n\n`;
    const items = [...parseLines(Buffer.from(body))];
    expect(items.map(({ ok }) => ok)).toEqual([true, false, false]);
    expect(items[1]).toMatchObject({ problem: { code: 'invalid-json', errors: [{ pointer: '/1' }] } });
    expect(items[2]).toMatchObject({ problem: { code: 'not-i-json', errors: [{ pointer: '/2/payload' }] } });
  });

  it('a thousand events are taken, one more is too large', async () => {
    expect(await parseArray(Buffer.from(`[${Array(1000).fill('1').join(',')}]`))).toHaveLength(1000);
    expect(
      (await problemOf(() => parseArray(Buffer.from(`[${Array(1001).fill('1').join(',')}]`)))).code,
    ).toBe('too-large');
    expect([...parseLines(Buffer.from('1\n'.repeat(1000)))]).toHaveLength(1000);
    expect((await problemOf(() => parseLines(Buffer.from('1\n'.repeat(1001))))).code).toBe('too-large');
    expect([...parseLines(Buffer.alloc(8 * 1024 * 1024, '\n'))]).toEqual([]);
  });
});

describe('an event at the door', () => {
  const good = { source: 'billing', type: 'customer.billed', payload: { b: 1, a: [true, null] } };
  const admitted = (members: Record<string, Json>) => admit({ ok: true, value: members }, null, 'admin');
  const problem = (members: Record<string, Json>, item: number | null = null): Problem =>
    admit({ ok: true, value: members }, item, 'admin') as Problem;

  it('becomes canonical bytes and metadata', () => {
    const event = admitted({
      ...good,
      id: 'order 7',
      timestamp: '2026-11-20T12:00:00.1239+02:00',
      actor: 'alice',
      subject: 'customer/7',
      context: { ip: '::1' },
    });
    if ('code' in event) throw new Error(event.detail);
    expect(event.data.toString()).toBe('{"a":[true,null],"b":1}');
    expect(event.fresh).toBe(false);
    expect(decodeMetadata(event.metadata)).toMatchObject({
      occurredAt: '2026-11-20T10:00:00.123Z',
      timestamp: '2026-11-20T12:00:00.1239+02:00',
      recordedBy: 'admin',
      actor: 'alice',
      subject: 'customer/7',
      id: 'order 7',
      context: { ip: '::1' },
    });
  });

  it('a UUID is the event id in lower case, and is not kept again', () => {
    const event = admitted({ ...good, id: '0199A3B2-1111-7000-8000-ABCDEFABCDEF' });
    expect(event).toMatchObject({ id: '0199a3b2-1111-7000-8000-abcdefabcdef', fresh: false });
    if (!('code' in event)) expect(decodeMetadata(event.metadata)).not.toHaveProperty('id');
  });

  it('without an id it gets one that nobody has', () => {
    expect(admitted(good)).toMatchObject({
      fresh: true,
      id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
    });
  });

  it.each<[string, Record<string, Json>, string, string]>([
    ['an unknown member', { ...good, extra: 1 }, '/extra', 'additionalProperties'],
    ['a missing source', { type: 't', payload: 1 }, '/source', 'required'],
    ['a missing payload', { source: 's', type: 't' }, '/payload', 'required'],
    ['a source of another type', { ...good, source: 7 }, '/source', 'type'],
    ['an id of another type', { ...good, id: 7 }, '/id', 'type'],
    ['null for an actor', { ...good, actor: null }, '/actor', 'type'],
    ['an empty source', { ...good, source: '' }, '/source', 'name'],
    ['a source of two dots', { ...good, source: '..' }, '/source', 'name'],
    ['a source of 513 bytes', { ...good, source: `${'é'.repeat(256)}x` }, '/source', 'name'],
    ['a type with a line break', { ...good, type: 'a\nb' }, '/type', 'name'],
    ['an empty subject', { ...good, subject: '' }, '/subject', 'text'],
    ['a time without an offset', { ...good, timestamp: '2026-01-01T00:00:00' }, '/timestamp', 'date-time'],
    ['a day that is none', { ...good, timestamp: '2026-02-30T00:00:00Z' }, '/timestamp', 'date-time'],
    ['a deep context', { ...good, context: JSON.parse(nested(33)) as Json }, '/context', 'depth'],
  ])('%s is refused at its place', (_what, members, pointer, keyword) => {
    const refused = problem(members);
    expect(refused.code).toBe('invalid-event');
    expect(refused.errors).toContainEqual(expect.objectContaining({ pointer, keyword }));
    expect(problem(members, 3).errors).toContainEqual(expect.objectContaining({ pointer: `/3${pointer}` }));
  });

  it('names of 512 bytes, with slashes and spaces, are taken', () => {
    for (const source of ['é'.repeat(256), 'a/b/../c d', '...', 'a%2Fb', '🙂']) {
      expect(admitted({ ...good, source })).toMatchObject({ submission: { source } });
    }
    expect(admitted({ ...good, context: JSON.parse(nested(32)) as Json })).not.toHaveProperty('code');
    expect(admitted({ ...good, context: null })).not.toHaveProperty('code');
  });

  it('whatever is no object is refused', () => {
    for (const value of [null, 1, 'x', []] as Json[]) {
      expect(admit({ ok: true, value }, 2, 'admin')).toMatchObject({
        errors: [{ pointer: '/2', keyword: 'type' }],
      });
    }
  });

  it("the ledger's own sources are forbidden", () => {
    expect(problem({ ...good, source: '_schemas' })).toMatchObject({
      code: 'reserved-source',
      errors: [{ pointer: '/source' }],
    });
  });

  it('sizes count canonical bytes', () => {
    const payload = (bytes: number) => ({ ...good, payload: 'x'.repeat(bytes - 2) });
    expect(admitted(payload(MAX_PAYLOAD_BYTES))).not.toHaveProperty('code');
    expect(problem(payload(MAX_PAYLOAD_BYTES + 1))).toMatchObject({
      code: 'too-large',
      errors: [{ pointer: '/payload' }],
    });
    expect(problem({ ...good, context: 'x'.repeat(MAX_METADATA_BYTES) }, 1)).toMatchObject({
      code: 'too-large',
      errors: [{ pointer: '/1/context' }],
    });
  });
});
