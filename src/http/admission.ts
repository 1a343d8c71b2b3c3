/** What the door can say of a submitted event by itself, and the bytes that would be recorded of it. */
import { v7 } from 'uuid';
import { canonicalBytesWithin } from '../ledger/canonical-json.js';
import { eventIdFor, isUuid } from '../ledger/identity.js';
import { encodeMetadata, type Metadata } from '../ledger/metadata.js';
import { instantFromMs } from '../ledger/time.js';
import type { EventId, Json } from '../ledger/types.js';
import type { Item } from './documents.js';
import { readEnvelope, type EnvelopeReader, type Submission } from './envelope.js';
import { MAX_METADATA_BYTES, MAX_PAYLOAD_BYTES } from './limits.js';
import { nameOf, type Spot } from './places.js';
import type { Problem } from './problem.js';
import { sixteenBytes } from './random.js';

/** An event that may be recorded, as far as the door can say without asking anyone. */
export interface Admitted {
  readonly submission: Omit<Submission, 'payload'>;
  /** its value: most of the time goes into building it, and few look at it */
  readonly payload: () => Json;
  readonly id: EventId;
  /** the producer gave no id: nobody can have used this one before */
  readonly fresh: boolean;
  /** the payload's canonical bytes */
  readonly data: Buffer;
  readonly metadata: Buffer;
}

/**
 * @param item place of the event in a batch, null for a single one
 * @param recordedBy the credential that the request came with
 * @param read what the form says in which the event was sent; our own unless given
 */
export function admit(
  parsed: Item,
  item: number | null,
  recordedBy: string,
  read: EnvelopeReader = readEnvelope,
): Admitted | Problem {
  if (!parsed.ok) return parsed.problem;
  const { members } = parsed;
  const isApart = read.unread !== undefined && members !== undefined;
  const submission = read(isApart ? members.valueWithout(read.unread) : parsed.value, item);
  if ('code' in submission) return submission;
  const { payloadMember } = submission.places;
  const form = payloadMember === null ? null : members?.memberForm(payloadMember);
  return prepare(submission, item, recordedBy, form);
}

/**
 * The bytes to record, unless they are too many.
 * @param form the payload's canonical form, if it is known
 */
export function prepare(
  submission: Submission,
  item: number | null,
  recordedBy: string,
  form?: Buffer | null,
): Admitted | Problem {
  const data = form ?? canonicalBytesWithin(submission.payload, MAX_PAYLOAD_BYTES);
  if (data === null || data.length > MAX_PAYLOAD_BYTES) {
    const detail = `must have at most ${MAX_PAYLOAD_BYTES} bytes in canonical form`;
    return tooLarge(submission.places.spot('payload', item), detail);
  }
  const metadata = metadataOf(submission, recordedBy);
  if (metadata === null) {
    const detail = `must let the metadata have at most ${MAX_METADATA_BYTES} bytes in canonical form`;
    return tooLarge(submission.places.spot('metadata', item), detail);
  }
  const { source, id } = submission;
  return {
    submission,
    payload: () => JSON.parse(data.toString()) as Json,
    id: id === null ? (v7({ random: sixteenBytes() }) as EventId) : eventIdFor(source, id),
    fresh: id === null,
    data,
    metadata,
  };
}

/** @returns null when they are too many */
function metadataOf(submission: Submission, recordedBy: string): Buffer | null {
  const { id, timestamp, subject, context, trace, cloudevent } = submission;
  // all else in the metadata is short
  if (isTooLong(context) || isTooLong(trace) || isTooLong(cloudevent)) return null;
  const known: Draft = {
    v: 1,
    recordedAt: instantFromMs(Date.now()),
    occurredAt: submission.occurredAt,
    recordedBy,
    actor: submission.actor,
    salt: sixteenBytes().toString('hex'),
  };
  if (id !== null && !isUuid(id)) known.id = id;
  if (timestamp !== null) known.timestamp = timestamp;
  if (subject !== null) known.subject = subject;
  if (context !== undefined) known.context = context;
  if (trace !== null) known.trace = trace;
  if (cloudevent !== null) known.cloudevent = cloudevent;
  const metadata = encodeMetadata(known);
  return metadata.length <= MAX_METADATA_BYTES ? metadata : null;
}

type Draft = { -readonly [Member in keyof Metadata]: Metadata[Member] };

function isTooLong(value: Json | undefined): boolean {
  return (value ?? null) !== null && canonicalBytesWithin(value as Json, MAX_METADATA_BYTES) === null;
}

function tooLarge(spot: Spot, detail: string): Problem {
  return {
    code: 'too-large',
    detail: `${nameOf(spot) || 'the event'} ${detail}`,
    errors: [{ ...spot, keyword: 'size', detail }],
  };
}
