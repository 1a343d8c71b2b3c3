/**
 * Terms: what the payload index knows an entry by. One for each name and verdict, one for the subject, and one for each
 * scalar of the payload at its place. A term is kept as 64 bits of its SHA-256: two that meet cost a look at the
 * recorded bytes, no more.
 */
import { isObject } from '../ledger/json-object.js';
import { hash } from 'node:crypto';
import { canonicalJson } from '../ledger/canonical-json.js';
import type { EventFilters } from '../ledger/filters.js';
import type { EntryRow } from '../ledger/row.js';
import type { Json } from '../ledger/types.js';

/** An entry whose payload is not indexed has this term: every query about payloads proposes it. */
export const UNINDEXED = '*';

/** An entry whose metadata are not indexed has this term: every query about subjects proposes it. */
export const UNINDEXED_SUBJECT = '?';

/**
 * A payload with more scalars, more bytes or more levels is not indexed, nor one whose terms, each with its whole path,
 * have more characters than that; metadata with more bytes are not either.
 */
const MAX_SCALARS = 1_024;
const MAX_BYTES = 1024 * 1024;
const MAX_LEVELS = 64;

/**
 * The terms of an entry. Takes whatever is recorded: what cannot be indexed gives no terms, and nothing fails.
 * @param data null: as if it had none
 */
export function termsOf(row: EntryRow, data = row.data): readonly string[] {
  const terms: string[] = [];
  if (row.source !== null) terms.push(sourceTerm(row.source));
  if (row.type !== null) terms.push(typeTerm(row.type));
  if (row.actor !== null) terms.push(actorTerm(row.actor));
  if (row.recordedBy !== null) terms.push(recordedByTerm(row.recordedBy));
  if (row.verdict !== null) terms.push(verdictTerm(row.verdict));
  return [...terms, ...subjectTerms(row.metadata), ...payloadTerms(data)];
}

export const sourceTerm = (source: string): string => `s${source}`;
const typeTerm = (type: string): string => `t${type}`;
const actorTerm = (actor: string): string => `a${actor}`;
const recordedByTerm = (recordedBy: string): string => `r${recordedBy}`;
const verdictTerm = (verdict: string): string => `v${verdict}`;
const subjectTerm = (subject: string): string => `u${subject}`;

/** I-JSON has no U+0000, so it parts value and tokens. */
const payloadTerm = (path: string, value: string): string => `p${value}${path}`;
const stepTo = (path: string, token: string): string => `${path}\0${token}`;

/** For each filter that the index can help with, the terms of which an entry that matches has at least one. */
export function termGroups(filters: EventFilters): readonly (readonly string[])[] {
  return [
    filters.sources.map(sourceTerm),
    filters.types.map(typeTerm),
    filters.actors.map(actorTerm),
    filters.recordedBy.map(recordedByTerm),
    filters.verdicts.map(verdictTerm),
    filters.subjects.length === 0 ? [] : [...filters.subjects.map(subjectTerm), UNINDEXED_SUBJECT],
    ...filters.payload.map(({ path, values }) => [
      ...values.map((value) => payloadTerm(path.reduce(stepTo, ''), value)),
      UNINDEXED,
    ]),
  ].filter((group) => group.length > 0);
}

/** As a bigint of PostgreSQL. The digest comes as a text: a Buffer for each takes twice as long. */
export function termKey(term: string): bigint {
  const digest = hash('sha256', term, 'binary');
  for (let at = 0; at < firstBytes.byteLength; at++) firstBytes.setUint8(at, digest.charCodeAt(at));
  return firstBytes.getBigInt64(0);
}

const firstBytes = new DataView(new ArrayBuffer(8));

function subjectTerms(metadata: Buffer | null): readonly string[] {
  if (metadata === null) return [];
  if (metadata.length > MAX_BYTES) return [UNINDEXED_SUBJECT];
  const members = parse(metadata);
  const subject = isObject(members) ? members.subject : undefined;
  return typeof subject === 'string' ? [subjectTerm(subject)] : [];
}

function payloadTerms(data: Buffer | null): readonly string[] {
  if (data === null) return [];
  if (data.length > MAX_BYTES) return [UNINDEXED];
  const payload = parse(data);
  if (payload === undefined) return [];
  const collected: Collected = { terms: [], characters: 0 };
  return collect(payload, '', MAX_LEVELS, collected) ? collected.terms : [UNINDEXED];
}

interface Collected {
  readonly terms: string[];
  /** of all terms together: a long path stands in the term of each scalar under it */
  characters: number;
}

/** @returns false when there is more than is indexed */
function collect(value: Json, path: string, levels: number, collected: Collected): boolean {
  if (typeof value !== 'object' || value === null) {
    const term = payloadTerm(path, scalarText(value));
    collected.terms.push(term);
    collected.characters += term.length;
    return collected.terms.length <= MAX_SCALARS && collected.characters <= MAX_BYTES;
  }
  if (levels === 0) return false;
  for (const [token, item] of Object.entries<Json>(value as Readonly<Record<string, Json>>)) {
    if (!collect(item, stepTo(path, token), levels - 1, collected)) return false;
  }
  return true;
}

/** What canonical JSON has no text for (a lone surrogate, say) is in no payload that can match. */
function scalarText(value: Json): string {
  try {
    return canonicalJson(value);
  } catch {
    return '';
  }
}

/** JSON.parse takes more than the ledger does and is faster; what it takes beyond matches no filter. */
function parse(bytes: Buffer): Json | undefined {
  try {
    return JSON.parse(bytes.toString('utf8')) as Json;
  } catch {
    return undefined;
  }
}
