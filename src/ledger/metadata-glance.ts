/**
 * Telling at a glance whether metadata says of times and names what a header does. Nearly all metadata that is read was
 * written by the API and agrees: then nothing of it need be built, only its text followed.
 */
import { isCanonicalAtAGlance } from './canonical-glance.js';
import { Following } from './following.js';
import { MAX_CONTEXT_DEPTH } from './metadata.js';
import { MAX_TEXT_BYTES } from './name.js';
import type { Header } from './types.js';
import { valueEnd } from './value-end.js';

type Repeated = Pick<Header, 'actor' | 'occurredAt' | 'recordedAt' | 'recordedBy'>;

/**
 * Metadata of our form whose times and names are the header's, and what subject it has. Null says nothing: it may be so all
 * the same, in a rarer form.
 * @param header what a header can have (header-form.ts): what metadata repeats of it is of the metadata's form, too
 * @param bytes of any size and kind
 */
export function agreesAtAGlance(header: Repeated, bytes: Buffer): { readonly subject: string | null } | null {
  const text = new Following(bytes.toString('latin1'));
  const subject = follow(text, header, bytes);
  return subject !== undefined && text.isOver && isCanonicalAtAGlance(bytes) ? { subject } : null;
}

/** The members in their order, those that a header repeats as it has them. @returns the subject; undefined: no */
function follow(text: Following, header: Repeated, bytes: Buffer): string | null | undefined {
  if (!text.take('{"actor":') || text.stringOrNull() !== header.actor) return undefined;
  if (text.take(',"cloudevent":') && !skipObject(text, bytes)) return undefined;
  if (text.take(',"context":') && !skipObject(text, bytes)) return undefined;
  if (text.take(',"id":') && !isShort(text.string())) return undefined;
  if (!text.take(',"occurredAt":') || text.stringOrNull() !== header.occurredAt) return undefined;
  if (!text.take(',"recordedAt":') || text.string() !== header.recordedAt) return undefined;
  if (!text.take(',"recordedBy":') || text.stringOrNull() !== header.recordedBy) return undefined;
  if (!text.take(',"salt":') || !/^[0-9a-f]{32}$/.test(text.string() ?? '')) return undefined;
  let subject: string | null = null;
  if (text.take(',"subject":') && !isShort((subject = text.string()))) return undefined;
  if (text.take(',"timestamp":') && !isShort(text.string())) return undefined;
  if (text.take(',"trace":') && !skipTexts(text)) return undefined;
  return text.take(',"v":1}') ? subject : undefined;
}

/** What the form calls a text, of ASCII. */
function isShort(text: string | null): boolean {
  return text !== null && text !== '' && text.length <= MAX_TEXT_BYTES;
}

/** An object of strings alone, also of empty ones. */
function skipTexts(text: Following): boolean {
  if (text.take('{}')) return true;
  if (!text.take('{')) return false;
  do {
    if (text.string() === null || !text.take(':') || text.string() === null) return false;
  } while (text.take(','));
  return text.take('}');
}

/** An object that cannot have too many levels, as it opens so few. */
function skipObject(text: Following, bytes: Buffer): boolean {
  const object = text.skipTo(valueEnd(bytes, text.at));
  const opened = object.split(/[[{]/).length - 1;
  return object.startsWith('{') && opened <= MAX_CONTEXT_DEPTH;
}
