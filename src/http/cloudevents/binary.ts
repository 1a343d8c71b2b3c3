/**
 * A CloudEvent in binary mode (HTTP Protocol Binding for CloudEvents 1.0, 3.1): its attributes are header fields, and the
 * body is its data, of any content type.
 */
import { cut } from '../../ledger/cut.js';
import { UNACCEPTABLE } from '../../ledger/json-scanner.js';
import { isReserved } from '../../ledger/name.js';
import { MAX_DEPTH } from '../../ledger/strict-json.js';
import { decodeUtf8 } from '../../ledger/utf8.js';
import { parseEvent, type Document } from '../documents.js';
import { invalidEvent, MOST_MISTAKES, reservedSource, type EnvelopeReader } from '../envelope.js';
import type { Places, Spot } from '../places.js';
import type { Place } from '../problem.js';
import { readAttributes, type Mistake } from './attributes.js';
import { NO_DATA, submissionOf, type EventData } from './event.js';
import { decodeFieldValue } from './header-value.js';
import { isJson, isUtf8Text, parseMediaType } from './media-type.js';

const PREFIX = 'ce-';

/** An event in binary mode, taken apart for the door: its data, and how to read the event that they belong to. */
export interface BinaryEvent {
  readonly document: Document;
  readonly read: EnvelopeReader;
}

/**
 * @param rawHeaders names and values in turn, as Node.js gives them: there each field stands for itself
 * @throws ProblemError when the content type says JSON and the body is none, or too long
 */
export function parseBinary(rawHeaders: readonly string[], body: Buffer): BinaryEvent {
  const { given, mistakes } = readFields(rawHeaders);
  const data = parseData(body, given.get('datacontenttype'));
  return {
    document: { ok: true, value: data.payload },
    read: (_value, item) => {
      const found = readAttributes(given);
      const known = new Set(mistakes.map(({ name }) => name));
      const all = [...mistakes, ...found.mistakes.filter(({ name }) => !known.has(name))];
      if (all.length > 0) return invalidEvent(all.map(placeOf));
      const submission = submissionOf(found.attributes, data, PLACES);
      return isReserved(submission.source) ? reservedSource(submission, item) : submission;
    },
  };
}

/** The attributes that header fields give, and what is wrong with the fields themselves. */
function readFields(rawHeaders: readonly string[]): {
  readonly given: ReadonlyMap<string, string>;
  readonly mistakes: readonly Mistake[];
} {
  const given = new Map<string, string>();
  const mistakes: Mistake[] = [];
  for (let n = 0; n < rawHeaders.length && mistakes.length < MOST_MISTAKES; n += 2) {
    const field = rawHeaders[n]?.toLowerCase() ?? '';
    const value = rawHeaders[n + 1] ?? '';
    if (field === 'content-type') take('datacontenttype', { value });
    else if (field === DATACONTENTTYPE) {
      mistakes.push({ name: field, keyword: 'not', detail: 'must not be given: Content-Type says it' });
    } else if (field.startsWith(PREFIX)) take(field.slice(PREFIX.length), decodeFieldValue(value));
  }
  return { given, mistakes };

  function take(name: string, read: ReturnType<typeof decodeFieldValue>): void {
    if (given.has(name)) mistakes.push({ name, keyword: 'once', detail: 'must be given at most once' });
    else if ('problem' in read) mistakes.push({ name, keyword: 'encoding', detail: read.problem });
    else given.set(name, read.value);
  }
}

const DATACONTENTTYPE = `${PREFIX}datacontenttype`;

function parseData(body: Buffer, contentType: string | undefined): EventData {
  if (body.length === 0) return NO_DATA;
  const type = contentType === undefined ? null : parseMediaType(contentType);
  if (type !== null && isJson(type)) {
    return { form: 'value', payload: parseEvent(body, MAX_DEPTH).value };
  }
  const text = type !== null && isUtf8Text(type) ? textOf(body) : null;
  return text === null
    ? { form: 'base64', payload: body.toString('base64') }
    : { form: 'value', payload: text };
}

/** Null for what is no UTF-8, or cannot stand in I-JSON. */
function textOf(body: Buffer): string | null {
  const text = decodeUtf8(body);
  return text === null || UNACCEPTABLE.test(text) ? null : text;
}

function placeOf({ name, ...mistake }: Mistake): Place {
  return { ...spotOf(name), ...mistake };
}

function spotOf(attribute: string): Spot {
  if (attribute === 'datacontenttype') return { header: 'content-type' };
  // what a client sent comes back, but not at any length
  return { header: attribute === DATACONTENTTYPE ? attribute : cut(`${PREFIX}${attribute}`, 100) };
}

/** Pointers are into the body, which is the data. */
const PLACES: Places = {
  payloadMember: null,
  spot: (part) => (part === 'id' || part === 'source' ? spotOf(part) : { pointer: '' }),
};
