/**
 * Whether two CloudEvents say the same. A sender that tries again may use another mode: then integers and booleans have
 * become their texts, a content type that was implied is told, and bytes that were Base64 stand as they are.
 */
import type { EventId, Json } from '../../ledger/types.js';
import { canonicalForm, textIn } from './data.js';
import { contentType, readMarks, type Marks } from './marks.js';
import { isJson, type MediaType } from './media-type.js';

/** A CloudEvent as it is recorded, or would be. */
export interface Kept {
  readonly id: EventId;
  readonly source: string;
  readonly cloudevent: Readonly<Record<string, Json>>;
  /** the payload's bytes */
  readonly data: Buffer;
}

/** The same data, content type, dataschema and extensions; what the ledger keeps elsewhere is not compared. */
export function saysTheSame(one: Kept, other: Kept): boolean {
  const a = read(one);
  const b = read(other);
  return a !== null && b !== null && a.attributes === b.attributes && sameContent(a.content, b.content);
}

interface Said {
  readonly attributes: string;
  readonly content: Content;
}

/** JSON in its canonical form, or bytes; null: no data, or an empty body, which look the same in binary mode */
type Content = { readonly isJson: boolean; readonly bytes: Buffer } | null;

function read({ id, source, cloudevent, data }: Kept): Said | null {
  const json = canonicalForm(data);
  const marks = json === null ? null : readMarks(cloudevent, { id, source }, json);
  if (json === null || marks === null) return null;
  return { attributes: attributesOf(marks), content: contentOf(marks, json) };
}

function attributesOf({ attributes }: Marks): string {
  // an id that differs in its case alone is the same identity
  const texts = [...attributes].filter(([name]) => name !== 'id' && name !== 'datacontenttype');
  const type = typeText(contentType(attributes));
  return JSON.stringify([type, ...texts.map(([name, value]) => [name, String(value)]).sort()]);
}

function typeText(type: MediaType): string {
  const parameters = [...type.parameters]
    .map(([name, value]) => [name, name === 'charset' ? value.toLowerCase() : value])
    // JSON is UTF-8 (RFC 8259, 8.1), whether that is told or not
    .filter(([name, value]) => !(isJson(type) && name === 'charset' && value === 'utf-8'));
  return JSON.stringify([type.essence, ...parameters.sort()]);
}

function contentOf({ attributes, data: form }: Marks, json: Buffer): Content {
  if (form === 'absent') return null;
  const isJsonType = isJson(contentType(attributes));
  if (form === 'value' && isJsonType) return { isJson: true, bytes: json };
  const bytes = Buffer.from(textIn(json), form === 'value' ? 'utf8' : 'base64');
  if (bytes.length === 0) return null;
  const asJson = isJsonType ? canonicalForm(bytes) : null;
  return { isJson: asJson !== null, bytes: asJson ?? bytes };
}

function sameContent(one: Content, other: Content): boolean {
  if (one === null || other === null) return one === other;
  return one.isJson === other.isJson && one.bytes.equals(other.bytes);
}
