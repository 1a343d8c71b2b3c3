/** Good requests with something in them that should not be there; their framing is as it should be. */
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { bytesOf, withField, type RawRequest } from './raw-request.js';
import { encoded, LONG_TEXTS, TEXTS, unencoded } from './texts.js';

type Mutated = fc.Arbitrary<RawRequest>;

const texts = fc.oneof(
  { arbitrary: fc.constantFrom(...TEXTS), weight: 8 },
  { arbitrary: fc.constantFrom(...LONG_TEXTS), weight: 1 },
  { arbitrary: fc.string({ unit: 'binary', maxLength: 12 }), weight: 2 },
);
const urlTexts = fc.tuple(texts, fc.boolean()).map(([text, raw]) => (raw ? unencoded(text) : encoded(text)));

/** @param names of query parameters that there are */
export function inUrl(good: Mutated, names: readonly string[]): Mutated {
  const name = fc.oneof(fc.constantFrom(...names), urlTexts);
  const parameter = fc.tuple(name, urlTexts).map(([key, value]) => `${key}=${value}`);
  return fc
    .tuple(good, urlTexts, fc.nat(4), fc.array(parameter, { maxLength: 3 }))
    .map(([request, text, at, more]) => {
      const [path = '', query] = request.target.split('?', 2);
      const segments = path.split('/');
      // some keep their path
      if (at > 0 && at < segments.length + 1) segments[at] = text;
      const all = [...(query === undefined ? [] : [query]), ...more].join('&');
      return { ...request, target: `${segments.join('/')}${all === '' ? '' : `?${all}`}` };
    });
}

const FIELDS = [
  'accept',
  'accept-encoding',
  'authorization',
  'ce-id',
  'ce-source',
  'ce-specversion',
  'ce-__proto__',
  'connection',
  'content-encoding',
  'content-type',
  'cookie',
  'expect',
  'forwarded',
  'host',
  'if-match',
  'if-modified-since',
  'last-event-id',
  'origin',
  'prefer',
  'range',
  'te',
  'traceparent',
  'upgrade',
  'x-forwarded-for',
  'x-http-method-override',
  'x-original-url',
  'x-request-id',
  '__proto__',
  'constructor',
] as const;

const FIELD_VALUES = [
  '*/*;q=2',
  'text/html, */*;q=0',
  'a/b,'.repeat(3_000),
  'application/json;charset="utf-16"',
  'application/json;;;=',
  'multipart/form-data; boundary=x',
  'application/x-www-form-urlencoded',
  'gzip',
  'wait=-1',
  'wait=99999999999999999999',
  'wait=1,'.repeat(2_000),
  'respond-async; wait="\\"',
  'h2c',
  'websocket',
  'upgrade, http2-settings',
  '100-continue',
  'DELETE',
  '/v1/export',
  'Bearer el_x_y',
  'Bearer eyJhbGciOiJub25lIn0.e30.',
  `Basic ${'A'.repeat(20_000)}`,
  'Basic =',
  'Basic Og==',
  `Basic ${Buffer.from('admin:\0').toString('base64')}`,
  'Negotiate x',
] as const;

export function inFields(good: Mutated): Mutated {
  const value = fc.oneof(fc.constantFrom(...FIELD_VALUES), texts.map(unencoded));
  const field = fc.tuple(fc.oneof(fc.constantFrom(...FIELDS), texts.map(unencoded)), value);
  const few = fc.array(field, { minLength: 1, maxLength: 3 });
  const many = fc
    .integer({ min: 500, max: 4_000 })
    .map((count) => Array.from({ length: count }, (_, n) => [`x${n % 700}`, ''] as const));
  const fields = fc.oneof({ arbitrary: few, weight: 12 }, { arbitrary: many, weight: 1 });
  return fc
    .tuple(good, fields)
    .map(([request, more]) => more.reduce((one, [name, text]) => withField(one, name, text), request));
}

/** A body whose JSON has what other programs trip over. */
export function inBody(good: Mutated): Mutated {
  const depth = fc.constantFrom(63, 64, 65, 500, 20_000);
  const nested = fc.tuple(
    depth,
    fc.constantFrom<[string, string]>(['[', ']'], ['{"a":', '}'], ['[{"":', '}]']),
  );
  const deep = nested.map(([levels, [open, close]]) => `${open.repeat(levels)}0${close.repeat(levels)}`);
  const value = fc.oneof(
    texts.map((text) => JSON.stringify(text)),
    deep,
    fc.constantFrom(
      '1e400',
      '-0',
      '0.10000000000000001',
      '9007199254740993',
      'NaN',
      '01',
      '"\\ud800"',
      '"\\u0000"',
      '',
    ),
  );
  const name = texts.map((text) => JSON.stringify(text));
  return fc.tuple(good, name, value, fc.nat(3), fc.nat()).map(([request, key, text, how, at]) => {
    const body = request.body.toString();
    if (how === 0) return { ...request, body: Buffer.from(text) };
    if (how === 1) return { ...request, body: Buffer.from(body.replace('{', () => `{${key}:${text},`)) };
    // in place of some value of a member
    const colons = [...body.matchAll(/":(?:"[^"\\]*"|[\d.]+|null|true|false)/g)];
    const place = colons[at % Math.max(colons.length, 1)];
    if (place === undefined) return request;
    const end = place.index + place[0].length;
    return { ...request, body: Buffer.from(`${body.slice(0, place.index)}":${text}${body.slice(end)}`) };
  });
}

/** More than is taken: of a payload, an event, a body, a head. */
export function tooLarge(good: Mutated): Mutated {
  const long = (bytes: number) => (request: RawRequest) => ({
    ...request,
    body: Buffer.from(request.body.toString().replace(/\}$/, () => `,"context":"${'x'.repeat(bytes)}"}`)),
  });
  const ways: readonly ((request: RawRequest) => RawRequest)[] = [
    long(70_000),
    long(300_000),
    long(2_100_000),
    long(9_000_000),
    (request) => ({ ...request, body: Buffer.from('['.repeat(1_000_000)) }),
    (request) => ({ ...request, body: Buffer.from(`[${'0,'.repeat(1_500)}0]`) }),
    (request) => ({ ...request, target: `${request.target}?${'x'.repeat(40_000)}` }),
    (request) => withField(request, 'x', 'y'.repeat(40_000)),
    (request) => ({ ...request, target: `/v1/sources/${'a'.repeat(2_000)}/events` }),
  ];
  return fc.tuple(good, fc.constantFrom(...ways)).map(([request, way]) => way(request));
}

/** A body in bytes that are no JSON, or not in the encoding that there is. */
export function inEncoding(good: Mutated): Mutated {
  const ways: readonly ((body: Buffer) => Buffer)[] = [
    (body) => Buffer.from(body.toString(), 'utf16le'),
    (body) => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), body]),
    (body) => Buffer.concat([body, Buffer.from([0xc0, 0xaf])]),
    (body) => Buffer.from(body.toString().replaceAll('a', '\u00e9'), 'latin1'),
    (body) => gzipSync(body),
    (body) => gzipSync(Buffer.alloc(1_000_000, ' ')).subarray(0, body.length + 900),
    (body) => Buffer.concat([body, body]),
    (body) => body.subarray(0, body.length / 2),
    (body) => Buffer.from(`\n\n${body.toString()}\n\0\n`),
  ];
  const codings = fc.constantFrom('gzip', 'br', 'identity', 'gzip, gzip', 'deflate', '');
  return fc.tuple(good, fc.constantFrom(...ways), codings).map(([request, way, coding]) => {
    const mutated = { ...request, body: way(request.body) };
    return coding === '' ? mutated : withField(mutated, 'content-encoding', coding);
  });
}

/** Some bytes of the whole that are others, or missing, or there twice. */
export function inBytes(good: Mutated): fc.Arbitrary<Buffer> {
  const change = fc.tuple(fc.nat(), fc.nat(255), fc.nat(3), fc.nat(40));
  return fc.tuple(good, fc.array(change, { minLength: 1, maxLength: 4 })).map(([request, changes]) =>
    changes.reduce((bytes, [place, byte, how, length]) => {
      const at = besideCredentials(bytes, place % Math.max(bytes.length, 1), byte);
      const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
      const parts = [
        [before, Buffer.from([byte]), after.subarray(1)],
        [before, Buffer.from([byte]), after],
        [before, after.subarray(length)],
        [before, after.subarray(0, length), after],
      ][how] as Buffer[];
      return Buffer.concat(parts);
    }, bytesOf(request)),
  );
}

/** Nearly always: each wrong password costs a fifth of a second, and is refused before anything else is looked at. */
function besideCredentials(bytes: Buffer, at: number, byte: number): number {
  const start = bytes.indexOf('authorization: ');
  const end = bytes.indexOf('\r\n', Math.max(start, 0));
  return start === -1 || at < start || at > end || byte % 20 === 0 ? at : end;
}
