/**
 * What is recorded, as a CloudEvent in the JSON format: events that came as CloudEvents as they came, all others as valid
 * ones. Any program can have written anything into the log: what cannot be a value of CloudEvents is left out, or stands
 * in a form that says so, but is never changed into something else.
 */
import { decodeMetadata, type Metadata } from '../../ledger/metadata.js';
import { eventIdFor } from '../../ledger/identity.js';
import { textProblem } from '../../ledger/name.js';
import { parseTimestamp } from '../../ledger/time.js';
import type { Entry, EventId, Revision } from '../../ledger/types.js';
import { attributeMistake, SPEC_VERSION, TRACE, type AttributeValue } from './attributes.js';
import { canonicalForm } from './data.js';
import { readMarks, type Marks } from './marks.js';
import { isUriReference } from './uri.js';

/** One recorded event; source and type as they stand in an entry. */
export interface Recorded {
  readonly id: EventId;
  readonly source: string;
  readonly type: string;
  readonly revision: Revision;
  readonly data: Buffer;
  readonly metadata: Buffer;
}

/**
 * One JSON object without line feeds.
 * @param sequence whether to give the extension Sequence, too
 */
export function cloudEventJson(recorded: Recorded, { sequence = false } = {}): Buffer {
  const metadata = decodeMetadata(recorded.metadata);
  const json = canonicalForm(recorded.data);
  const marks = metadata?.cloudevent === undefined ? null : readMarks(metadata.cloudevent, recorded, json);
  const attributes = [
    ...coreAttributes(recorded, metadata),
    ...(marks?.attributes ?? (json === null ? [] : JSON_DATA)),
    ...(metadata === null ? [] : extensions(metadata)),
  ];
  if (sequence) attributes.push(...sequenceOf(recorded.revision, marks));
  const head = JSON.stringify(Object.fromEntries(attributes)).slice(0, -1);
  return Buffer.concat([Buffer.from(head), ...dataMember(recorded.data, json, marks), Buffer.from('}')]);
}

/** The same of an entry. */
export function entryCloudEvent({ header, data, metadata }: Entry, options?: { sequence?: boolean }): Buffer {
  const { id, source, type, revision } = header;
  return cloudEventJson({ id, source, type, revision, data, metadata }, options);
}

type Attribute = readonly [name: string, value: AttributeValue];

const JSON_DATA: readonly Attribute[] = [['datacontenttype', 'application/json']];

function coreAttributes(recorded: Recorded, metadata: Metadata | null): Attribute[] {
  const attributes: Attribute[] = [
    ['specversion', SPEC_VERSION],
    ['id', sentId(recorded, metadata)],
    ['source', sourceReference(recorded.source)],
    ['type', recorded.type],
  ];
  const time = sentTime(metadata);
  if (time !== null) attributes.push(['time', time]);
  const subject = metadata?.subject;
  if (subject !== undefined && textProblem(subject) === null) attributes.push(['subject', subject]);
  return attributes;
}

/** As it was sent, where that is the id of this event. */
function sentId({ id, source }: Recorded, metadata: Metadata | null): string {
  const sent = metadata?.id;
  return sent !== undefined && textProblem(sent) === null && eventIdFor(source, sent) === id ? sent : id;
}

/** As it was sent, where that is a time. */
function sentTime(metadata: Metadata | null): string | null {
  const sent = metadata?.timestamp;
  return sent !== undefined && parseTimestamp(sent) !== null ? sent : (metadata?.occurredAt ?? null);
}

/**
 * A source as a URI-reference: itself, or `~` and its percent-encoding. No source begins with `~` but `~sha256:…`, which is
 * no URI-reference, so that no two sources become one.
 */
function sourceReference(source: string): string {
  return isUriReference(source) ? source : `~${encodeURIComponent(source)}`;
}

/** What the metadata keep in places of their own. */
function extensions({ actor, trace = {} }: Metadata): Attribute[] {
  const found = TRACE.filter((name) => Object.hasOwn(trace, name)).map(
    (name) => [name, trace[name] ?? ''] as const,
  );
  const all: readonly Attribute[] = actor === null ? found : [['actor', actor], ...found];
  return all.filter(([name, value]) => attributeMistake(name, value) === null);
}

/** Digits enough for every revision: values of the extension are in order as texts. */
const SEQUENCE_DIGITS = 16;

/** A producer that numbers its events itself is not contradicted. */
function sequenceOf(revision: Revision, marks: Marks | null): readonly Attribute[] {
  if (marks?.attributes.has('sequence') === true || marks?.attributes.has('sequencetype') === true) return [];
  return [['sequence', String(revision).padStart(SEQUENCE_DIGITS, '0')]];
}

function dataMember(bytes: Buffer, json: Buffer | null, marks: Marks | null): readonly Buffer[] {
  if (marks?.data === 'absent' || bytes.length === 0) return [];
  if (json === null) return [DATA_BASE64, Buffer.from(JSON.stringify(bytes.toString('base64')))];
  return [marks?.data === 'base64' ? DATA_BASE64 : DATA, json];
}

const DATA = Buffer.from(',"data":');
const DATA_BASE64 = Buffer.from(',"data_base64":');
