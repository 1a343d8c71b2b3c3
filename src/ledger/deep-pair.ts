/**
 * An entry beside the event that the log has at its place: whether the one gives the other, and if not, which of the two
 * was changed. The entry's own hashes and the hash that the next entry names tell; where neither does, nothing is claimed.
 */
import { headerFor, headerHash } from './entry.js';
import { checkEntry } from './entry-check.js';
import { shorten, type Difference } from './finding.js';
import { isHash } from './header-form.js';
import type { EntryRow } from './row.js';
import type { Entry, Hash, Header, Index, Judgement, RecordedEvent, Revision } from './types.js';

/** A row as it was read, and what stands around it in the ledger. */
export interface Placed {
  readonly row: EntryRow;
  readonly index: number;
  /** null when a column holds no value that an entry can have */
  readonly entry: Entry | null;
  /** the stated hashes of the entry before, and of its source's; undefined when that is not known */
  readonly before: Hash | undefined;
  readonly beforeInSource: Hash | null | undefined;
  /** the hash that the next entry, or the head, names for this one; null when there is none to ask */
  readonly named: string | null;
}

/** How far an entry can be relied on. */
export interface Standing {
  /** bytes, columns and hash belong together */
  readonly sound: boolean;
  /** what comes after it names its hash, as far as anything does */
  readonly chained: boolean;
}

export function standingOf({ entry, row, named }: Placed): Standing {
  if (entry === null) return { sound: false, chained: named === null || named === row.hash };
  const { header, hash, data, metadata } = entry;
  const { differences } = checkEntry({ header, hash, content: { data, metadata } });
  return { sound: differences.length === 0, chained: named === null || named === hash };
}

/** The header that the ledger must have made of an event at the entry's place. */
export function rebuilt(
  event: RecordedEvent,
  judgement: Judgement,
  place: {
    readonly index: number;
    readonly revision: number;
    readonly previous: Hash;
    readonly previousInSource: Hash | null;
  },
): Header {
  const { index, revision, previous, previousInSource } = place;
  return headerFor({ ...event, revision: revision as Revision }, judgement, {
    index: index as Index,
    previous,
    previousInSource,
  });
}

/** Whether the event gives the entry, to the last bit. */
export function gives(event: RecordedEvent, judgement: Judgement, entry: Entry): boolean {
  const { header, hash, data, metadata } = entry;
  if (event.id !== header.id || !data.equals(event.data) || !metadata.equals(event.metadata)) return false;
  const expected = rebuilt(event, judgement, header);
  return differingMembers(header, expected).length === 0 && headerHash(expected) === hash;
}

/** Whether the event gives the hash that the row states or the chain names, whatever the row's other columns say. */
export function givesStatedHash(
  event: RecordedEvent,
  judgement: Judgement,
  placed: Placed,
  revision: number,
): boolean {
  const { row, index, before, beforeInSource, named } = placed;
  const previous = [before, row.previous].filter(isHash);
  const inSource = [beforeInSource, row.previousInSource].filter(
    (hash): hash is Hash | null => hash === null || isHash(hash),
  );
  const stated = [row.hash, named];
  return previous.some((one) =>
    inSource.some((other) => {
      const header = rebuilt(event, judgement, { index, revision, previous: one, previousInSource: other });
      return stated.includes(headerHash(header));
    }),
  );
}

/** What an entry and its event, which does not give it, come to. */
export function compare(
  event: RecordedEvent,
  judgement: Judgement,
  placed: Placed,
  revision: number,
): Difference {
  const { entry } = placed;
  const { sound, chained } = standingOf(placed);
  const differing = entry === null ? null : firstDifference(event, judgement, entry, revision);
  if (!(sound && chained) && givesStatedHash(event, judgement, placed, revision)) {
    const detail =
      'the log gives the hash that is stated for the entry, which the entry itself does not: it was altered in the ledger';
    return difference('ledger-altered', differing, { store: 'ledger', detail, ledgerIsWrong: true });
  }
  if (entry === null || !(sound && chained)) {
    const detail = 'the entry does not hold, and the event in the log does not give its hash either';
    return difference('stores-differ', differing, { detail });
  }
  if (differing === null || (differing.member !== 'verdict' && differing.member !== 'schema')) {
    return changedInLog(event, entry, differing);
  }
  const detail = `${differing.member}: not what the events up to this one give; the ledger was written so`;
  return difference('verdict-mismatch', differing, { store: 'ledger', detail, ledgerIsWrong: true });
}

const CAVEAT = 'or the ledger and its chain were written anew';

function changedInLog(event: RecordedEvent, entry: Entry, differing: Differing | null): Difference {
  const sameEvent = event.id === entry.header.id && event.metadata.equals(entry.metadata);
  if (sameEvent && isBlank(event.data) && !isBlank(entry.data)) {
    const detail = `the log has the event without its data (${event.data.length} bytes, all the same): it was redacted`;
    return difference('log-redacted', differing, { store: 'log', detail });
  }
  const detail = `${differing?.member ?? 'bytes'}: the entry and its chain hold; the event was altered in the log, ${CAVEAT}`;
  return difference('log-altered', differing, { store: 'log', detail });
}

const [ZERO, NINE] = [0x30, 0x39];

/** What redaction leaves of data: nothing, or bytes that are all the same and no number. */
function isBlank(data: Buffer): boolean {
  const [first] = data;
  if (first === undefined) return true;
  const isDigit = first >= ZERO && first <= NINE;
  return data.length > 1 && !isDigit && data.every((byte) => byte === first);
}

interface Differing {
  readonly member: string;
  readonly ledger: string | null;
  readonly log: string | null;
}

function difference(
  code: Difference['code'],
  differing: Differing | null,
  more: Pick<Difference, 'store' | 'detail'> & { readonly ledgerIsWrong?: boolean },
): Difference {
  const { ledgerIsWrong, ...rest } = more;
  const [expected, found] =
    ledgerIsWrong === true ? [differing?.log, differing?.ledger] : [differing?.ledger, differing?.log];
  return { code, expected: expected ?? null, found: found ?? null, ...rest };
}

/** Of the first member in which they differ; bytes that differ are told by their hash. */
function firstDifference(
  event: RecordedEvent,
  judgement: Judgement,
  entry: Entry,
  revision: number,
): Differing | null {
  const { header, data, metadata } = entry;
  const expected = rebuilt(event, judgement, { ...header, revision });
  const [member] = differingMembers(header, expected);
  if (member !== undefined) {
    return { member, ledger: textOf(header[member]), log: textOf(expected[member]) };
  }
  const { content } = expected;
  if (!data.equals(event.data)) return { member: 'data', ledger: null, log: content };
  if (!metadata.equals(event.metadata)) return { member: 'metadata', ledger: null, log: content };
  return null;
}

function textOf(value: string | number | null): string | null {
  return value === null ? null : shorten(String(value));
}

/** In the order in which they tell most. */
const MEMBERS = [
  ...([
    'id',
    'source',
    'type',
    'revision',
    'content',
    'recordedAt',
    'occurredAt',
    'recordedBy',
    'actor',
  ] as const),
  ...(['verdict', 'schema', 'index', 'previous', 'previousInSource'] as const),
];

function differingMembers(header: Header, expected: Header): readonly (typeof MEMBERS)[number][] {
  return MEMBERS.filter((member) => header[member] !== expected[member]);
}
