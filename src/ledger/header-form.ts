/** What the members of a header may be, wherever it was read from. */
import { MAX_TEXT_BYTES, nameProblem } from './name.js';
import { isInstant } from './time.js';
import type { Hash, Header, Verdict } from './types.js';

const HASH = /^[0-9a-f]{64}$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const REPLACED_NAME = /^~sha256:[0-9a-f]{64}$/;

export function isHash(value: unknown): value is Hash {
  return typeof value === 'string' && HASH.test(value);
}

/** An index, a revision, a size or a count. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && !Object.is(value, -0);
}

/** A source or type as it stands in an entry. */
export function isEntryName(value: unknown): value is string {
  if (typeof value !== 'string') return false;
  return nameProblem(value) === null || REPLACED_NAME.test(value);
}

export function isVerdict(value: unknown): value is Verdict {
  return value === 'accepted' || value === 'rejected' || value === 'duplicate';
}

/** What I-JSON keeps out of strings (RFC 7493, 2.1), and U+0000. */
const UNACCEPTABLE = /[\0\p{Cs}\p{Noncharacter_Code_Point}]/u;

/** recordedBy or actor, when it is not null. */
export function isText(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value !== '' &&
    Buffer.byteLength(value) <= MAX_TEXT_BYTES &&
    !UNACCEPTABLE.test(value)
  );
}

type Check = (value: unknown) => boolean;
type Untimed = Exclude<keyof Header, 'v' | 'occurredAt' | 'recordedAt'>;

const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);

const UNTIMED: readonly (readonly [Untimed, Check])[] = [
  ['index', isCount],
  ['id', (value) => typeof value === 'string' && UUID.test(value)],
  ['source', isEntryName],
  ['type', isEntryName],
  ['revision', isCount],
  ['schema', orNull(isHash)],
  ['verdict', isVerdict],
  ['recordedBy', orNull(isText)],
  ['actor', orNull(isText)],
  ['content', isHash],
  ['previous', isHash],
  ['previousInSource', orNull(isHash)],
];

/** A header before it is known to be one. */
export type HeaderDraft = { readonly [member in keyof Header]?: unknown };

/** The first member that no header can have so, null when the draft is a header. */
export function misfit(draft: HeaderDraft): keyof Header | null {
  if (draft.v !== 1) return 'v';
  if (!isInstant(draft.recordedAt)) return 'recordedAt';
  if (draft.occurredAt !== null && !isInstant(draft.occurredAt)) return 'occurredAt';
  return misfitBesidesTimes(draft);
}

/** The same for a draft whose version and times are known to be right. */
export function misfitBesidesTimes(draft: HeaderDraft): Untimed | null {
  for (const [member, fits] of UNTIMED) if (!fits(draft[member])) return member;
  return null;
}
