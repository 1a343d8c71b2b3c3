import { describe, expect, it } from 'vitest';
import { admit, type Admitted } from '../../../src/http/admission.js';
import { parseBinary } from '../../../src/http/cloudevents/binary.js';
import { isBinaryMode } from '../../../src/http/cloudevents/mode.js';
import type { Problem } from '../../../src/http/problem.js';
import type { Json } from '../../../src/ledger/types.js';
import { decodeMetadata } from '../../../src/ledger/metadata.js';

const FIELDS = { 'ce-specversion': '1.0', 'CE-ID': '1', 'Ce-Source': '/s', 'ce-type': 't' };

type Fields = Readonly<Record<string, string | undefined>>;

const raw = (fields: Fields): readonly string[] =>
  Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [name, value]));

function takeRaw(fields: readonly string[], body: string | Buffer = ''): Admitted | Problem {
  const { document, read } = parseBinary(fields, Buffer.from(body as string));
  return admit(document, null, 'admin', read);
}

const take = (fields: Fields, body?: string | Buffer): Admitted | Problem =>
  takeRaw(raw({ ...FIELDS, ...fields }), body);

function taken(fields: Fields, body?: string | Buffer): Admitted {
  const admitted = take(fields, body);
  if ('code' in admitted) throw new Error(admitted.detail);
  return admitted;
}

const marksOf = ({ metadata }: Admitted): Readonly<Record<string, Json>> | undefined =>
  decodeMetadata(metadata)?.cloudevent;

describe('a CloudEvent in binary mode', () => {
  it('has its attributes in header fields, percent-encoded', () => {
    const { submission, metadata } = taken({
      'ce-subject': 'Euro%20%E2%82%AC%20%F0%9F%98%80',
      'ce-time': '2018-04-05T03:56:24Z',
      'ce-lower': '%e2%82%ac%41',
      'ce-quoted': '"a \\"b\\" %22c%22"',
      'ce-once': '%2541',
      'ce-empty': '',
      'ce-integer': '5',
      'x-other': 'not an attribute',
    });
    expect(submission).toMatchObject({ source: '/s', type: 't', id: '1', subject: 'Euro € 😀' });
    expect(decodeMetadata(metadata)).toMatchObject({
      occurredAt: '2018-04-05T03:56:24.000Z',
      cloudevent: { lower: '€A', quoted: 'a "b" "c"', once: '%41', empty: '', integer: '5', data: 'absent' },
    });
  });

  it.each([
    ['application/json', '{"b": 1, "a": 2}', '{"a":2,"b":1}', undefined],
    ['application/ld+json; charset=utf-8', '"x"', '"x"', undefined],
    ['text/plain', 'é', '"é"', undefined],
    ['text/plain', '\uFEFFé\u0001', '"\uFEFFé\\u0001"', undefined],
    ['application/xml', '<a/>', '"<a/>"', undefined],
    ['text/plain', Buffer.from([0xff]), '"/w=="', 'base64'],
    ['text/plain', 'a\0', '"YQA="', 'base64'],
    ['text/plain; charset=iso-8859-1', Buffer.from('é', 'latin1'), '"6Q=="', 'base64'],
    ['application/octet-stream', 'abc', '"YWJj"', 'base64'],
    [undefined, 'abc', '"YWJj"', 'base64'],
    ['application/json', '', 'null', 'absent'],
  ])('of type %s', (type, body, payload, mark) => {
    const admitted = taken({ 'content-type': type }, body);
    expect(admitted.data.toString()).toBe(payload);
    expect(marksOf(admitted)).toMatchObject({
      ...(type === undefined ? {} : { datacontenttype: type }),
      ...(mark === undefined ? {} : { data: mark }),
    });
  });

  const wrong: readonly (readonly [string, Fields, string, string])[] = [
    ['a version that nobody knows', { 'ce-specversion': '1.1' }, 'ce-specversion', 'enum'],
    ['no id', { 'CE-ID': undefined }, 'ce-id', 'required'],
    ['an empty id', { 'CE-ID': '' }, 'ce-id', 'text'],
    ['an empty subject', { 'ce-subject': '' }, 'ce-subject', 'text'],
    ['a bad time', { 'ce-time': 'now' }, 'ce-time', 'date-time'],
    ['a bad source', { 'Ce-Source': 'a%20b' }, 'ce-source', 'uri-reference'],
    ['half an escape', { 'ce-subject': '100%' }, 'ce-subject', 'encoding'],
    ['an escape without digits', { 'ce-ext': '%zz' }, 'ce-ext', 'encoding'],
    ['an overlong escape', { 'ce-ext': '%C0%A0' }, 'ce-ext', 'encoding'],
    ['half a character', { 'ce-ext': '%E2%82' }, 'ce-ext', 'encoding'],
    ['a surrogate', { 'ce-ext': '%ED%A0%80' }, 'ce-ext', 'encoding'],
    ['raw bytes', { 'ce-ext': Buffer.from('€').toString('latin1') }, 'ce-ext', 'encoding'],
    ['a quote that does not end', { 'ce-ext': '"abc' }, 'ce-ext', 'encoding'],
    ['an escaped control character', { 'ce-ext': 'a%0D%0AX: y' }, 'ce-ext', 'text'],
    ['an escaped NUL', { 'ce-ext': '%00' }, 'ce-ext', 'text'],
    ['an escaped noncharacter', { 'ce-ext': '%EF%BF%BF' }, 'ce-ext', 'text'],
    ['a name with a hyphen', { 'ce-my-ext': 'x' }, 'ce-my-ext', 'attribute-name'],
    ['the prototype', { 'ce-__proto__': 'x' }, 'ce-__proto__', 'attribute-name'],
    ['no name', { 'ce-': 'x' }, 'ce-', 'attribute-name'],
    ['data in a field', { 'ce-data': 'x' }, 'ce-data', 'attribute-name'],
    ['Base64 in a field', { 'ce-data_base64': 'AAE=' }, 'ce-data_base64', 'attribute-name'],
    ['two content types', { 'ce-datacontenttype': 'text/xml' }, 'ce-datacontenttype', 'not'],
    ['no media type', { 'content-type': 'text' }, 'content-type', 'media-type'],
  ];

  it.each(wrong)('is refused for %s, with the name of the field', (_what, fields, header, keyword) => {
    const answer = take(fields);
    expect(answer).toMatchObject({ code: 'invalid-event' });
    expect((answer as Problem).errors).toMatchObject([{ header, keyword }]);
    expect((answer as Problem).detail).toContain(header);
  });

  it('gives each attribute once', () => {
    for (const name of ['ce-id', 'ce-ext', 'content-type']) {
      const fields = [
        ...raw(FIELDS),
        'ce-ext',
        'x',
        'content-type',
        'text/plain',
        name.toUpperCase(),
        'text/plain',
      ];
      expect(takeRaw(fields)).toMatchObject({ errors: [{ header: name, keyword: 'once' }] });
    }
  });

  it('of hundreds of fields is taken, and said to be wrong in few words', () => {
    const many = Array.from({ length: 500 }, (_, n) => [`ce-x${n}`, 'y'] as const);
    expect(Object.keys(marksOf(taken(Object.fromEntries(many))) ?? {})).toHaveLength(502);
    const wrong = take(Object.fromEntries(many.map(([name]) => [`${name}-`, '%'])));
    expect((wrong as Problem).errors).toHaveLength(20);
    const long = take({ [`ce-${'x'.repeat(9_000)}-`]: 'y' }) as Problem;
    expect(JSON.stringify(long).length).toBeLessThan(1_000);
  });

  it('points into the body where the data are wrong', () => {
    const json = { 'content-type': 'application/json' };
    expect(() => take(json, '{"a":')).toThrow(
      expect.objectContaining({
        problem: expect.objectContaining({ code: 'invalid-json' }) as unknown,
      }) as Error,
    );
    expect(() => take(json, '{"a":9007199254740993}')).toThrow(
      expect.objectContaining({
        problem: expect.objectContaining({
          code: 'not-i-json',
          errors: [expect.objectContaining({ pointer: '/a' })],
        }) as unknown,
      }) as Error,
    );
    expect(take({ 'content-type': 'text/plain' }, 'x'.repeat(256 * 1024))).toMatchObject({
      code: 'too-large',
      errors: [{ pointer: '' }],
    });
    expect(taken(json, `${'['.repeat(64)}${']'.repeat(64)}`).data).toHaveLength(128);
    expect(() => take(json, `${'['.repeat(65)}${']'.repeat(65)}`)).toThrow(/64 levels/);
  });

  it('is told from other requests by one of the fields that every event has', () => {
    expect(isBinaryMode({ 'ce-type': 't', 'content-type': 'application/json' })).toBe(true);
    expect(isBinaryMode({ 'ce-subject': 't' })).toBe(false);
    expect(isBinaryMode({ 'ce-id': 't', 'content-type': 'Application/CloudEvents+json' })).toBe(false);
    expect(isBinaryMode({ 'ce-id': 't', 'content-type': 'application/cloudevents-batch+json' })).toBe(false);
    expect(isBinaryMode({ 'ce-id': 't', 'content-type': 'application/cloudevents+avro' })).toBe(false);
  });
});
