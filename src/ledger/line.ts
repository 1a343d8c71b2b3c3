/**
 * The line: the one representation of an entry for others, in queries, tail and export.
 *
 *     {"entry":{…header…},"hash":"<hex>","metadata":{…},"payload":…}
 *
 * It is put together from the recorded bytes themselves, so that whoever reads it can hash them as they stand.
 */
import { ByteWriter } from './byte-writer.js';
import { isCanonicalJson } from './canonical-form.js';
import { headerBytes, headerText } from './entry.js';
import type { ReadEntry } from './entry-check.js';
import { isHash, misfit } from './header-form.js';
import { headerAtAGlance } from './header-glance.js';
import { valueEnd } from './value-end.js';
import type { Entry, Header } from './types.js';

const OPENING = '{"entry":';
const HASH = '},"hash":"';
const HASH_OPENING = Buffer.from(HASH);
const HASH_DIGITS = 64;
const WITHHELD = ',"withheld":true}';

/** What a line usually has besides the recorded bytes. */
const HEADER_BYTES = 1_024;
const SPARE_BYTES = 4_096;

/** Headers have short members only; this is several times what the longest has. */
const MAX_HEADER_BYTES = 32_768;

/**
 * The line of an entry, without a line feed.
 *
 * Bytes that are canonical I-JSON of at most 64 levels stand in it as they are; others in Base64 (RFC 4648, 4), under
 * a name that ends in `Base64`.
 */
export function entryLine(entry: Entry): Buffer {
  const line = new ByteWriter(room(entry));
  writeLine(line, entry);
  return line.written();
}

/** The lines of entries, each with its line feed. */
export function entryLines(entries: readonly Entry[]): Buffer {
  const lines = new ByteWriter(room(...entries));
  for (const entry of entries) {
    writeLine(lines, entry);
    lines.text('\n');
  }
  return lines.written();
}

/** What lines usually take, and more than the last one's header does. */
function room(...entries: readonly Entry[]): number {
  return entries.reduce(
    (sum, { data, metadata }) => sum + HEADER_BYTES + data.length + metadata.length,
    SPARE_BYTES,
  );
}

function writeLine(line: ByteWriter, { header, hash, data, metadata }: Entry): void {
  line.text(`${OPENING}${headerText(header)},"hash":"${hash}",`);
  writeMember(line, 'metadata', metadata);
  line.text(',');
  writeMember(line, 'payload', data);
  line.text('}');
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
  const member = new ByteWriter(bytes.length + SPARE_BYTES);
  writeMember(member, name, bytes);
  return member.written();
}

function writeMember(line: ByteWriter, name: 'metadata' | 'payload', bytes: Buffer): void {
  if (isCanonicalJson(bytes)) {
    line.text(`"${name}":`);
    line.bytes(bytes);
  } else {
    line.text(`"${name}Base64":"${bytes.toString('base64')}"`);
  }
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
 * @param contentIsOne what `contentOf` said of the same line: its content need not be looked at again
 */
export function parseLine(line: Buffer, contentIsOne = false): ParsedLine {
  const parts = partsOf(line);
  if (typeof parts === 'string') return malformed(parts);
  const { headerEnd, hash, contentStart } = parts;
  const bytes = line.subarray(OPENING.length, headerEnd);
  const header = parseHeader(bytes);
  if (typeof header === 'string') return malformed(header);
  if (!isHash(hash)) return malformed('hash: not 64 hex digits');

  const isWithheld =
    line.length === contentStart + WITHHELD.length && startsWith(line, contentStart, WITHHELD);
  const content = isWithheld ? null : parseContent(line, contentStart, contentIsOne);
  if (typeof content === 'string') return malformed(content);
  return { ok: true, entry: { header, hash, content, headerBytes: bytes } };
}

/** The recorded bytes that stand in a line in the form of one, whatever its header is; null when there are none. */
export function contentOf(line: Buffer): { readonly data: Buffer; readonly metadata: Buffer } | null {
  const parts = partsOf(line);
  const content = typeof parts === 'string' ? null : parseContent(line, parts.contentStart, false);
  return typeof content === 'string' ? null : content;
}

interface LineParts {
  /** where the header ends in the line */
  readonly headerEnd: number;
  /** the 64 characters where the hash stands; '' where it does not end after them */
  readonly hash: string;
  /** what follows it begins here */
  readonly contentStart: number;
}

function partsOf(line: Buffer): LineParts | string {
  if (!startsWith(line, 0, OPENING)) return `does not begin with ${OPENING}`;
  const headerEnd = line.indexOf(HASH_OPENING) + 1;
  const hashStart = headerEnd - 1 + HASH.length;
  if (headerEnd === 0 || hashStart > MAX_HEADER_BYTES) return 'no hash follows the header';
  const hashEnd = hashStart + HASH_DIGITS;
  const hash = startsWith(line, hashEnd, '"') ? line.toString('latin1', hashStart, hashEnd) : '';
  return { headerEnd, hash, contentStart: hashEnd + 1 };
}

function malformed(problem: string): ParsedLine {
  return { ok: false, problem };
}

/** The header that these bytes are the canonical form of, or what keeps them from being one. */
function parseHeader(bytes: Buffer): Header | string {
  const usual = headerAtAGlance(bytes);
  if (usual !== null) return usual;
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

/** The recorded bytes from `start` on, or what keeps this from being the end of a line. */
function parseContent(
  line: Buffer,
  start: number,
  isOne: boolean,
): { readonly data: Buffer; readonly metadata: Buffer } | string {
  const metadata = parseMember(line, start, 'metadata', isOne);
  if (typeof metadata === 'string') return metadata;
  const data = parseMember(line, metadata.end, 'payload', isOne);
  if (typeof data === 'string') return data;
  if (data.end !== line.length - 1 || !startsWith(line, data.end, '}')) {
    return 'the line does not end with the payload';
  }
  return { metadata: metadata.bytes, data: data.bytes };
}

function parseMember(
  line: Buffer,
  from: number,
  name: 'metadata' | 'payload',
  isOne: boolean,
): { readonly bytes: Buffer; readonly end: number } | string {
  const plain = `,"${name}":`;
  const coded = `,"${name}Base64":"`;
  if (startsWith(line, from, plain)) {
    const start = from + plain.length;
    // the payload is the last member
    const end = name === 'payload' ? line.length - 1 : valueEnd(line, start);
    const bytes = line.subarray(start, end);
    return isOne || isCanonicalJson(bytes) ? { bytes, end } : `${name}: not in canonical form`;
  }
  if (!startsWith(line, from, coded)) return `no ${name} where it must stand`;
  const start = from + coded.length;
  const end = line.indexOf('"', start);
  if (end === -1) return `${name}Base64: does not end`;
  const text = line.toString('latin1', start, end);
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) return `${name}Base64: not in Base64`;
  if (isCanonicalJson(bytes)) return `${name}Base64: bytes that can stand as JSON`;
  return { bytes, end: end + 1 };
}

/** @param text in ASCII */
export function startsWith(bytes: Buffer, from: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[from + i] !== text.charCodeAt(i)) return false;
  return true;
}
