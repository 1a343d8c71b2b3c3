/**
 * Metadata: what is known about an event besides its payload. The API writes it in one exact form; anything else
 * marks a foreign event, written into the log by another program.
 */
import { isObject } from './json-object.js';
import { canonicalJson, readCanonical } from './canonical-json.js';
import { LedgerError } from './error.js';
import { attributionAtAGlance, type Attribution } from './metadata-glance.js';
import { MAX_TEXT_BYTES } from './name.js';
import { isInstant } from './time.js';
import type { Instant, Json } from './types.js';

export interface Metadata {
  readonly v: 1;
  /** when the API took the event */
  readonly recordedAt: Instant;
  /** when it happened, as the producer says; null when it did not say */
  readonly occurredAt: Instant | null;
  /** the credential it came through */
  readonly recordedBy: string | null;
  /** who did it, as the producer says */
  readonly actor: string | null;
  /** 32 lower-case hex digits, random: a published header does not let anyone guess the payload */
  readonly salt: string;
  /** as sent, when it is not the event's id */
  readonly id?: string;
  /** as sent */
  readonly timestamp?: string;
  readonly subject?: string;
  /** at most 32 levels */
  readonly context?: Json;
  readonly trace?: Readonly<Record<string, string>>;
  readonly cloudevent?: Readonly<Record<string, Json>>;
}

/** Levels that `context` may have: a scalar has 0. */
export const MAX_CONTEXT_DEPTH = 32;

/**
 * The bytes to record.
 * @throws LedgerError `internal` when they would be read as foreign: the door must have refused it before
 */
export function encodeMetadata(metadata: Metadata): Buffer {
  const bytes = Buffer.from(textOf(metadata), 'utf8');
  if (attributionIn(bytes) === null)
    throw new LedgerError('internal', 'metadata is not in the form of version 1');
  return bytes;
}

/** The canonical text, its members in their order: as that of any value it takes a quarter longer, and leaves more garbage. */
function textOf(metadata: Metadata): string {
  const { v, actor, occurredAt, recordedAt, recordedBy, salt } = metadata;
  const { cloudevent, context, id, subject, timestamp, trace } = metadata;
  return (
    `{"actor":${canonicalJson(actor)}${member('cloudevent', cloudevent)}${member('context', context)}` +
    `${member('id', id)},"occurredAt":${occurredAt === null ? 'null' : `"${occurredAt}"`},"recordedAt":"${recordedAt}"` +
    `,"recordedBy":${canonicalJson(recordedBy)},"salt":${canonicalJson(salt)}${member('subject', subject)}` +
    `${member('timestamp', timestamp)}${member('trace', trace)},"v":${v}}`
  );
}

function member(name: keyof Metadata, value: Json | undefined): string {
  return value === undefined ? '' : `,"${name}":${canonicalJson(value)}`;
}

/** @returns null for bytes in any other form: a foreign event. Takes bytes of any size and kind. */
export function decodeMetadata(bytes: Buffer): Metadata | null {
  const read = readCanonical(bytes);
  if (!read?.canonical || !isObject(read.value)) return null;
  return hasForm(read.value) ? (read.value as unknown as Metadata) : null;
}

/** The same, where no more is asked of it. */
export function attributionIn(bytes: Buffer): Attribution | null {
  const usual = attributionAtAGlance(bytes);
  if (usual !== null) return usual;
  const metadata = decodeMetadata(bytes);
  if (metadata === null) return null;
  const { recordedAt, occurredAt, recordedBy, actor, subject = null } = metadata;
  return { recordedAt, occurredAt, recordedBy, actor, subject };
}

/** What is taken of the metadata of a foreign event: nothing that it claims. */
export const FOREIGN = { occurredAt: null, recordedBy: null, actor: null } as const;

function hasForm(members: object): boolean {
  for (const name of REQUIRED) if (!Object.hasOwn(members, name)) return false;
  for (const name of Object.keys(members)) {
    if (FORM.get(name)?.((members as Record<string, Json>)[name] ?? null) !== true) return false;
  }
  return true;
}

type Check = (value: Json) => boolean;

const isText: Check = (value) =>
  typeof value === 'string' && value !== '' && Buffer.byteLength(value) <= MAX_TEXT_BYTES;

const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);

const REQUIRED = ['v', 'recordedAt', 'occurredAt', 'recordedBy', 'actor', 'salt'];

const FORM: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['v', (value) => value === 1],
  ['recordedAt', isInstant],
  ['occurredAt', orNull(isInstant)],
  ['recordedBy', orNull(isText)],
  ['actor', orNull(isText)],
  ['salt', (value) => typeof value === 'string' && /^[0-9a-f]{32}$/.test(value)],
  ['id', isText],
  ['timestamp', isText],
  ['subject', isText],
  ['context', (value) => depthOf(value) <= MAX_CONTEXT_DEPTH],
  ['trace', (value) => isObject(value) && Object.values(value).every((item) => typeof item === 'string')],
  ['cloudevent', isObject],
]);

/** Levels of arrays and objects: a scalar has 0, `[]` has 1. The strict parser has bounded them already. */
function depthOf(value: Json): number {
  if (typeof value !== 'object' || value === null) return 0;
  let deepest = 0;
  for (const item of Object.values<Json>(value)) deepest = Math.max(deepest, depthOf(item));
  return deepest + 1;
}
