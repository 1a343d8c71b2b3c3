/**
 * Telling at a glance what metadata says of an event. Nearly all metadata was written by the API, of a few short texts: one
 * look at its text is enough, and nothing of it need be built.
 */
import { isCanonicalAtAGlance } from './canonical-glance.js';
import { optional, orNull, STRING, TEXT, TEXT_SAID, TIME_SAID } from './plain-text.js';
import { isOnCalendar } from './time.js';
import type { Header } from './types.js';

/** What metadata says of an event, as far as a header repeats it, and its subject. */
export interface Attribution extends Pick<Header, 'recordedAt' | 'occurredAt' | 'recordedBy' | 'actor'> {
  readonly subject: string | null;
}

const SCALAR = `(?:${STRING}|true|false|null|-?\\d+)`;
/** An object of one level; that its names rise and its numbers are in canonical form is to be looked at yet. */
const flatObject = (value: string): string => `(\\{(?:${STRING}:${value}(?:,${STRING}:${value})*)?\\})`;

/** The members of our form in their order (metadata.ts). */
const USUAL = new RegExp(
  `^\\{"actor":${orNull(TEXT_SAID)}${optional(`,"cloudevent":${flatObject(SCALAR)}`)}` +
    `${optional(`,"context":${flatObject(SCALAR)}`)}${optional(`,"id":${TEXT}`)}` +
    `,"occurredAt":${orNull(TIME_SAID)},"recordedAt":${TIME_SAID},"recordedBy":${orNull(TEXT_SAID)},"salt":"[0-9a-f]{32}"` +
    `${optional(`,"subject":${TEXT_SAID}`)}${optional(`,"timestamp":${TEXT}`)}` +
    `${optional(`,"trace":${flatObject(STRING)}`)},"v":1\\}$`,
);

/** Matching a longer text might need more stack than regular expressions have, and it is a rare one. */
const LONGEST = 65_536;

/** Null says nothing: the bytes may be of our form (metadata.ts), in a rarer spelling. Takes bytes of any size and kind. */
export function attributionAtAGlance(bytes: Buffer): Attribution | null {
  if (bytes.length > LONGEST) return null;
  // a byte that is not ASCII fits nothing
  const match = USUAL.exec(bytes.toString('latin1'));
  if (match === null) return null;
  const [
    ,
    actor = null,
    cloudevent,
    context,
    occurredAt = null,
    recordedAt,
    recordedBy = null,
    subject = null,
    trace,
  ] = match;
  if (recordedAt === undefined || !isOnCalendar(recordedAt)) return null;
  if (occurredAt !== null && !isOnCalendar(occurredAt)) return null;
  const hasObjects = (cloudevent ?? context ?? trace) !== undefined;
  if (hasObjects && !isCanonicalAtAGlance(bytes)) return null;
  return { recordedAt, occurredAt, recordedBy, actor, subject };
}
