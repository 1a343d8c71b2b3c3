/** Reading a header's canonical bytes at a glance: nearly all are of one form, which leaves nothing to be parsed. */
import { isCount, isEntryName } from './header-form.js';
import { orNull, TEXT_SAID, TIME_SAID } from './plain-text.js';
import { isOnCalendar } from './time.js';
import type { EventId, Hash, Header, Index, Revision, Verdict } from './types.js';

const HASH = '"([0-9a-f]{64})"';
const UUID = '"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"';
/** A count as JSON writes it, below 10^16. */
const COUNT = '(0|[1-9]\\d{0,15})';

const USUAL = new RegExp(
  `^\\{"actor":${orNull(TEXT_SAID)},"content":${HASH},"id":${UUID},"index":${COUNT},"occurredAt":${orNull(TIME_SAID)}` +
    `,"previous":${HASH},"previousInSource":${orNull(HASH)},"recordedAt":${TIME_SAID},"recordedBy":${orNull(TEXT_SAID)}` +
    `,"revision":${COUNT},"schema":${orNull(HASH)},"source":${TEXT_SAID},"type":${TEXT_SAID},"v":1` +
    `,"verdict":"(accepted|rejected|duplicate)"\\}$`,
);

/**
 * The header that these bytes are the canonical form of. Null says nothing: they may be all the same, with characters that
 * are rare in one. Takes bytes of any kind.
 */
export function headerAtAGlance(bytes: Buffer): Header | null {
  // a byte that is not ASCII fits nothing
  const match = USUAL.exec(bytes.toString('latin1'));
  if (match === null) return null;
  const [
    ,
    actor = null,
    content,
    id,
    indexDigits,
    occurredAt = null,
    previous,
    previousInSource = null,
    recordedAt,
    recordedBy = null,
    revisionDigits,
    schema = null,
    source,
    type,
    verdict,
  ] = match;
  const index = Number(indexDigits);
  const revision = Number(revisionDigits);
  const isOne =
    isCount(index) &&
    isCount(revision) &&
    recordedAt !== undefined &&
    isOnCalendar(recordedAt) &&
    (occurredAt === null || isOnCalendar(occurredAt)) &&
    isEntryName(source) &&
    isEntryName(type);
  if (!isOne) return null;
  return {
    v: 1,
    index: index as Index,
    id: id as EventId,
    source,
    type,
    revision: revision as Revision,
    schema: schema as Hash | null,
    verdict: verdict as Verdict,
    occurredAt,
    recordedAt,
    recordedBy,
    actor,
    content: content as Hash,
    previous: previous as Hash,
    previousInSource: previousInSource as Hash | null,
  };
}
