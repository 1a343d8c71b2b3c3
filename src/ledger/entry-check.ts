/** Whether an entry, wherever it was read from, is what its own hashes say; and whether it follows another. */
import { contentHash, entryHash, headerHash } from './entry.js';
import type { Difference } from './finding.js';
import { attributionIn, FOREIGN } from './metadata.js';
import type { Attribution } from './metadata-glance.js';
import type { Hash, Header } from './types.js';
import { NO_HASH } from './types.js';

/** An entry as it was read: the content is null when it was withheld. */
export interface ReadEntry {
  readonly header: Header;
  readonly hash: Hash;
  readonly content: { readonly data: Buffer; readonly metadata: Buffer } | null;
  /** where they are at hand */
  readonly headerBytes?: Buffer;
}

export interface EntryCheck {
  /** the hash that the header gives */
  readonly hash: Hash;
  /** the entry names that hash: it is the one that was chained, as far as its header goes */
  readonly sound: boolean;
  readonly differences: readonly Difference[];
  /** what the metadata names; undefined when the content was withheld or is not that of the header */
  readonly subject: string | null | undefined;
}

/**
 * Recompute everything that an entry says of itself.
 * @param known the hash of its content, where that was found out already
 */
export function checkEntry(entry: ReadEntry, known: Hash | null = null): EntryCheck {
  const { header, content } = entry;
  const found = content === null ? NOTHING : checkContent(header, content, known);
  const hash = entry.headerBytes === undefined ? headerHash(header) : entryHash(entry.headerBytes);
  const sound = hash === entry.hash;
  if (sound) return { hash, sound, ...found };
  const differs = { code: 'hash-mismatch', expected: hash, found: entry.hash } as const;
  return { hash, sound, differences: [...found.differences, differs], subject: found.subject };
}

type CheckedContent = Pick<EntryCheck, 'differences' | 'subject'>;

const NONE: readonly Difference[] = [];
const NOTHING: CheckedContent = { differences: NONE, subject: undefined };

function checkContent(
  header: Header,
  { data, metadata }: NonNullable<ReadEntry['content']>,
  known: Hash | null,
): CheckedContent {
  const hash = known ?? contentHash(data, metadata);
  if (hash !== header.content) {
    return { ...NOTHING, differences: [{ code: 'content-mismatch', expected: header.content, found: hash }] };
  }
  const said = attributionIn(metadata);
  return { differences: metadataDifferences(header, said), subject: said?.subject ?? null };
}

const REPEATED = ['recordedAt', 'occurredAt', 'recordedBy', 'actor'] as const;
const CLAIMED = ['occurredAt', 'recordedBy', 'actor'] as const;

/** A foreign event's recordedAt is the log's own time, which nothing in the entry repeats. */
function metadataDifferences(header: Header, attribution: Attribution | null): readonly Difference[] {
  const members = attribution === null ? CLAIMED : REPEATED;
  const said: Partial<Pick<Header, (typeof REPEATED)[number]>> = attribution ?? FOREIGN;
  if (members.every((member) => header[member] === said[member])) return NONE;
  const different = members.filter((member) => header[member] !== said[member]);
  return different.map((member) => ({
    code: 'metadata-mismatch',
    expected: said[member] ?? null,
    found: header[member],
    detail: attribution === null ? `${member} of a foreign event` : member,
  }));
}

/** The entry just before, as far as it can be relied on. */
export interface Predecessor {
  readonly index: number;
  readonly hash: Hash;
}

/** Whether the header names the entry before it; nothing where that is not known. */
export function previousDifference(
  header: Pick<Header, 'index' | 'previous'>,
  before: Predecessor | null,
): Difference | null {
  const expected = header.index === 0 ? NO_HASH : before?.index === header.index - 1 ? before.hash : null;
  if (expected === null || header.previous === expected) return null;
  return { code: 'broken-chain', expected, found: header.previous };
}
