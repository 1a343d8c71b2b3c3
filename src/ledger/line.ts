/**
 * The line: the one representation of an entry for others, in queries, tail and export.
 *
 *     {"entry":{…header…},"hash":"<hex>","metadata":{…},"payload":…}
 *
 * It is put together from the recorded bytes themselves, so that whoever reads it can hash them as they stand.
 */
import { isCanonicalJson } from './canonical-form.js';
import { headerBytes } from './entry.js';
import type { ReadEntry } from './entry-check.js';
import { isHash, misfit } from './header-form.js';
import { valueEnd } from './value-end.js';
import type { Entry, Header } from './types.js';

const OPENING = '{"entry":';
const HASH = '},"hash":"';
const WITHHELD = ',"withheld":true}';

/** Headers have short members only; this is several times what the longest has. */
const MAX_HEADER_BYTES = 32_768;

/**
 * The line of an entry, without a line feed.
 *
 * Bytes that are canonical I-JSON of at most 64 levels stand in it as they are; others in Base64 (RFC 4648, 4), under
 * a name that ends in `Base64`.
 */
export function entryLine(entry: Entry): Buffer {
  return Buffer.concat([
    Buffer.from(OPENING),
    headerBytes(entry.header),
    Buffer.from(`,"hash":"${entry.hash}",`),
    recordedMember('metadata', entry.metadata),
    Buffer.from(','),
    recordedMember('payload', entry.data),
    Buffer.from('}'),
  ]);
}

/** The line of an entry whose content is kept back: the header still verifies. */
export function withheldLine(entry: Pick<Entry, 'header' | 'hash'>): Buffer {
  return Buffer.concat([
    Buffer.from(OPENING),
    headerBytes(entry.header),
    Buffer.from(`,"hash":"${entry.hash}"${WITHHELD}`),
  ]);
}

/** A member of a line, name and value: recorded bytes as JSON where they are canonical, else in Base64. */
export function recordedMember(name: 'metadata' | 'payload', bytes: Buffer): Buffer {
  return isCanonicalJson(bytes)
    ? Buffer.concat([Buffer.from(`"${name}":`), bytes])
    : Buffer.from(`"${name}Base64":"${bytes.toString('base64')}"`);
}

/** A line taken apart. The entry's bytes are slices of the line's. */
export type ParsedLine =
  | { readonly ok: true; readonly entry: ReadEntry & { readonly headerBytes: Buffer } }
  | { readonly ok: false; readonly problem: string };

/**
 * Take a line apart, given without its line feed.
 *
 * Only what `entryLine` and `withheldLine` write is a line: with other white space, another order, a member given
 * twice or a value spelled in another way, two readers might read two things. Nothing is verified but the form.
 */
export function parseLine(line: Buffer): ParsedLine {
  if (!startsWith(line, 0, OPENING)) return malformed(`does not begin with ${OPENING}`);
  const headerEnd = line.subarray(0, MAX_HEADER_BYTES).indexOf(HASH) + 1;
  if (headerEnd === 0) return malformed('no hash follows the header');
  const header = parseHeader(line.subarray(OPENING.length, headerEnd));
  if (typeof header === 'string') return malformed(header);

  const hashStart = headerEnd - 1 + HASH.length;
  const hashEnd = hashStart + 64;
  const hash = line.toString('latin1', hashStart, hashEnd);
  if (!isHash(hash) || !startsWith(line, hashEnd, '"')) return malformed('hash: not 64 hex digits');

  const rest = line.subarray(hashEnd + 1);
  const content =
    startsWith(rest, 0, WITHHELD) && rest.length === WITHHELD.length ? null : parseContent(rest);
  if (typeof content === 'string') return malformed(content);
  const bytes = line.subarray(OPENING.length, headerEnd);
  return { ok: true, entry: { header, hash, content, headerBytes: bytes } };
}

function malformed(problem: string): ParsedLine {
  return { ok: false, problem };
}

/** The header that these bytes are the canonical form of, or what keeps them from being one. */
function parseHeader(bytes: Buffer): Header | string {
  let draft: unknown;
  try {
    draft = JSON.parse(bytes.toString('utf8'));
  } catch {
    return 'entry: no JSON';
  }
  if (typeof draft !== 'object' || draft === null) return 'entry: not an object';
  const member = misfit(draft);
  if (member !== null) return `entry: ${member} is not what a header can have`;
  const header = draft as Header;
  // writing it again shows members too many or given twice, and every other spelling
  return headerBytes(header).equals(bytes) ? header : 'entry: not in canonical form';
}

/** The recorded bytes, or what keeps this from being the end of a line. */
function parseContent(rest: Buffer): { readonly data: Buffer; readonly metadata: Buffer } | string {
  const metadata = parseMember(rest, 0, 'metadata');
  if (typeof metadata === 'string') return metadata;
  const data = parseMember(rest, metadata.end, 'payload');
  if (typeof data === 'string') return data;
  if (data.end !== rest.length - 1 || !startsWith(rest, data.end, '}')) {
    return 'the line does not end with the payload';
  }
  return { metadata: metadata.bytes, data: data.bytes };
}

function parseMember(
  rest: Buffer,
  from: number,
  name: 'metadata' | 'payload',
): { readonly bytes: Buffer; readonly end: number } | string {
  const plain = `,"${name}":`;
  const coded = `,"${name}Base64":"`;
  if (startsWith(rest, from, plain)) {
    const start = from + plain.length;
    // the payload is the last member
    const end = name === 'payload' ? rest.length - 1 : valueEnd(rest, start);
    const bytes = rest.subarray(start, end);
    return isCanonicalJson(bytes) ? { bytes, end } : `${name}: not in canonical form`;
  }
  if (!startsWith(rest, from, coded)) return `no ${name} where it must stand`;
  const start = from + coded.length;
  const end = rest.indexOf('"', start);
  if (end === -1) return `${name}Base64: does not end`;
  const text = rest.toString('latin1', start, end);
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) return `${name}Base64: not in Base64`;
  if (isCanonicalJson(bytes)) return `${name}Base64: bytes that can stand as JSON`;
  return { bytes, end: end + 1 };
}

function startsWith(bytes: Buffer, from: number, text: string): boolean {
  return bytes.toString('latin1', from, from + text.length) === text;
}
