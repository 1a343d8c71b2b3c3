/** The recorded payload as the data of a CloudEvent: JSON, text or bytes. */
import { canonicalBytes, readCanonical } from '../../ledger/canonical-json.js';
import { isCanonicalJson } from '../../ledger/canonical-form.js';

const QUOTE = 0x22;

/** Recorded bytes as canonical JSON: themselves, or the value they say; null where they are no I-JSON. */
export function canonicalForm(bytes: Buffer): Buffer | null {
  if (isCanonicalJson(bytes)) return bytes;
  const read = readCanonical(bytes);
  return read === null ? null : canonicalBytes(read.value);
}

/** @param json one JSON value */
export function isJsonText(json: Buffer): boolean {
  return json[0] === QUOTE;
}

/** What a JSON string says. */
export function textIn(json: Buffer): string {
  return JSON.parse(json.toString()) as string;
}

/** @param json one JSON value */
export function isBase64Text(json: Buffer): boolean {
  return isJsonText(json) && isBase64(json.toString('latin1', 1, json.length - 1));
}

/** Whether a text is Base64 (RFC 4648, 4) with its padding, nothing else in it, and no bits left over. */
export function isBase64(text: string): boolean {
  return Buffer.from(text, 'base64').toString('base64') === text;
}
