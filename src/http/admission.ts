/** What the door can say of a submitted event by itself, and the bytes that would be recorded of it. */
import { v7 } from 'uuid';
import { canonicalBytesWithin } from '../ledger/canonical-json.js';
import { eventIdFor, isUuid } from '../ledger/identity.js';
import { encodeMetadata } from '../ledger/metadata.js';
import { instantFromMs } from '../ledger/time.js';
import type { EventId } from '../ledger/types.js';
import type { Item } from './documents.js';
import { pointerTo, readEnvelope, type Submission } from './envelope.js';
import type { Problem } from './problem.js';
import { sixteenBytes } from './random.js';

export const MAX_PAYLOAD_BYTES = 256 * 1024;
export const MAX_METADATA_BYTES = 64 * 1024;

/** An event that may be recorded, as far as the door can say without asking anyone. */
export interface Admitted {
  readonly submission: Submission;
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
 */
export function admit(parsed: Item, item: number | null, recordedBy: string): Admitted | Problem {
  if (!parsed.ok) return parsed.problem;
  const submission = readEnvelope(parsed.value, item);
  if ('code' in submission) return submission;
  return prepare(submission, item, recordedBy, parsed.forms?.memberForm('payload'));
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
    return tooLarge(pointerTo(item, 'payload'), detail);
  }
  const metadata = metadataOf(submission, recordedBy);
  if (metadata === null) {
    const detail = `must let the metadata have at most ${MAX_METADATA_BYTES} bytes in canonical form`;
    return tooLarge(pointerTo(item, 'context'), detail);
  }
  const { source, id } = submission;
  return {
    submission,
    id: id === null ? (v7({ random: sixteenBytes() }) as EventId) : eventIdFor(source, id),
    fresh: id === null,
    data,
    metadata,
  };
}

/** @returns null when they are too many */
function metadataOf(submission: Submission, recordedBy: string): Buffer | null {
  const { id, timestamp, subject, context } = submission;
  // all else in the metadata is short
  if (context !== undefined && canonicalBytesWithin(context, MAX_METADATA_BYTES) === null) return null;
  const metadata = encodeMetadata({
    v: 1,
    recordedAt: instantFromMs(Date.now()),
    occurredAt: submission.occurredAt,
    recordedBy,
    actor: submission.actor,
    salt: sixteenBytes().toString('hex'),
    ...(id === null || isUuid(id) ? {} : { id }),
    ...(timestamp === null ? {} : { timestamp }),
    ...(subject === null ? {} : { subject }),
    ...(context === undefined ? {} : { context }),
  });
  return metadata.length <= MAX_METADATA_BYTES ? metadata : null;
}

function tooLarge(pointer: string, detail: string): Problem {
  return {
    code: 'too-large',
    detail: `${pointer} ${detail}`,
    errors: [{ pointer, keyword: 'size', detail }],
  };
}
