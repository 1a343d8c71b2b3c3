/** Stream metadata, as far as the double obeys it: what hides events from readers, and who may do what. */
import type { LogRecord } from './record.js';

export interface StreamMetadata {
  /** `$tb`: lower revisions are hidden; the largest 64-bit number marks a soft deletion */
  readonly truncateBefore?: bigint;
  /** `$maxCount`: only so many newest events are shown */
  readonly maxCount?: bigint;
  /** `$maxAge`, in seconds */
  readonly maxAge?: number;
  readonly acl?: StreamAcl;
}

/** Roles by right; a right that is absent is inherited from the defaults. */
export type StreamAcl = Readonly<Partial<Record<StreamRight, readonly string[]>>>;
export type StreamRight = '$r' | '$w' | '$d' | '$mr' | '$mw';

/** A metadata stream shows its newest record only. */
export const OF_METASTREAMS: StreamMetadata = { maxCount: 1n };

const rights: readonly StreamRight[] = ['$r', '$w', '$d', '$mr', '$mw'];

/** What a metadata record says; nothing when it is no JSON object, as the server takes it. */
export function readMetadata(record: Pick<LogRecord, 'data'>): StreamMetadata {
  const members = object(parsed(record.data)) ?? {};
  const truncateBefore = integer(members.$tb);
  const maxCount = integer(members.$maxCount);
  const maxAge = integer(members.$maxAge);
  const acl = object(members.$acl) ?? undefined;
  return {
    ...(truncateBefore === undefined ? {} : { truncateBefore }),
    ...(maxCount === undefined ? {} : { maxCount }),
    ...(maxAge === undefined ? {} : { maxAge: Number(maxAge) }),
    ...(acl === undefined ? {} : { acl: readAcl(acl) }),
  };
}

/** Roles by right; a single role may stand without brackets. */
export function readAcl(members: Readonly<Record<string, unknown>>): StreamAcl {
  return Object.fromEntries(
    rights
      .filter((right) => members[right] !== undefined)
      .map((right) => [right, [members[right]].flat().filter((role) => typeof role === 'string')]),
  );
}

/**
 * Metadata rewritten so that the stream is shown from a revision on again, everything else as it was.
 * @returns null when the old metadata is no JSON object: the server then leaves it
 */
export function shownFrom(metadata: Buffer, revision: bigint): Buffer | null {
  const members = object(parsed(metadata));
  return members && Buffer.from(JSON.stringify({ ...members, $tb: Number(revision) }));
}

export function object(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : null;
}

export function parsed(json: Buffer): unknown {
  try {
    return JSON.parse(json.toString());
  } catch {
    return null;
  }
}

/** 2^63 - 1 is read as 2^63 by JSON.parse: what is beyond the 64 bits is cut to them. */
function integer(value: unknown): bigint | undefined {
  if (typeof value !== 'number' || !Number.isInteger(value)) return undefined;
  return value >= 2 ** 63 ? 9_223_372_036_854_775_807n : BigInt(value);
}
