/** Whether an event that comes under a known identity is what was recorded under it. */
import { canonicalBytes, readCanonical } from '../ledger/canonical-json.js';
import { decodeMetadata, type Metadata } from '../ledger/metadata.js';
import type { Admitted } from './admission.js';
import { saysTheSame } from './cloudevents/meaning.js';

/**
 * The same type, canonical payload, occurredAt, actor, subject and CloudEvents marks: a replay. Context and trace
 * describe the attempt and are not compared. Payload and marks of CloudEvents are compared by what they say.
 */
export function isReplay(
  event: Pick<Admitted, 'id' | 'submission' | 'data'>,
  recorded: { readonly type: string; readonly data: Buffer; readonly metadata: Buffer },
): boolean {
  const { type, occurredAt, actor, subject } = event.submission;
  const metadata = decodeMetadata(recorded.metadata);
  return (
    recorded.type === type &&
    (metadata?.occurredAt ?? null) === occurredAt &&
    (metadata?.actor ?? null) === actor &&
    (metadata?.subject ?? null) === subject &&
    sameContent(event, recorded.data, metadata?.cloudevent)
  );
}

function sameContent(
  { id, submission, data }: Pick<Admitted, 'id' | 'submission' | 'data'>,
  recorded: Buffer,
  marks: Metadata['cloudevent'],
): boolean {
  const { source, cloudevent } = submission;
  if (cloudevent === null) return marks === undefined && samePayload(data, recorded);
  if (marks === undefined) return false;
  return saysTheSame({ id, source, cloudevent, data }, { id, source, cloudevent: marks, data: recorded });
}

/** A foreign event's payload need not be in its canonical form. */
function samePayload(canonical: Buffer, recorded: Buffer): boolean {
  if (canonical.equals(recorded)) return true;
  const read = readCanonical(recorded);
  return read !== null && !read.canonical && canonicalBytes(read.value).equals(canonical);
}
