/** Whether an event that comes under a known identity is what was recorded under it. */
import { canonicalBytes, canonicalJson, readCanonical } from '../ledger/canonical-json.js';
import { decodeMetadata } from '../ledger/metadata.js';
import type { Json } from '../ledger/types.js';
import type { Admitted } from './admission.js';

/**
 * The same type, canonical payload, occurredAt, actor, subject and CloudEvents marks: a replay. Context and trace
 * describe the attempt and are not compared.
 */
export function isReplay(
  event: Pick<Admitted, 'submission' | 'data'>,
  recorded: { readonly type: string; readonly data: Buffer; readonly metadata: Buffer },
): boolean {
  const { type, occurredAt, actor, subject } = event.submission;
  const metadata = decodeMetadata(recorded.metadata);
  return (
    recorded.type === type &&
    samePayload(event.data, recorded.data) &&
    (metadata?.occurredAt ?? null) === occurredAt &&
    (metadata?.actor ?? null) === actor &&
    (metadata?.subject ?? null) === subject &&
    marks(metadata?.cloudevent) === marks(undefined)
  );
}

/** A foreign event's payload need not be in its canonical form. */
function samePayload(canonical: Buffer, recorded: Buffer): boolean {
  if (canonical.equals(recorded)) return true;
  const read = readCanonical(recorded);
  return read !== null && !read.canonical && canonicalBytes(read.value).equals(canonical);
}

function marks(cloudevent: Readonly<Record<string, Json>> | undefined): string | null {
  return cloudevent === undefined ? null : canonicalJson(cloudevent);
}
