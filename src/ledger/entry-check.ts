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
  /** of the content, where it is known */
  readonly contentHash?: Hash;
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

/** Recompute everything that an entry says of itself. */
export function checkEntry(entry: ReadEntry): EntryCheck {
  const { header } = entry;
  const differences: Difference[] = [];
  let subject: string | null | undefined;
  if (entry.content !== null) {
    const content = entry.contentHash ?? contentHash(entry.content.data, entry.content.metadata);
    if (content === header.content) {
      const said = compareMetadata(header, entry.content.metadata);
      subject = said.subject;
      differences.push(...said.differences);
    } else {
      differences.push({ code: 'content-mismatch', expected: header.content, found: content });
    }
  }
  const hash = entry.headerBytes === undefined ? headerHash(header) : entryHash(entry.headerBytes);
  const sound = hash === entry.hash;
  if (!sound) differences.push({ code: 'hash-mismatch', expected: hash, found: entry.hash });
  return { hash, sound, differences, subject };
}

function compareMetadata(
  header: Header,
  bytes: Buffer,
): { readonly subject: string | null; readonly differences: readonly Difference[] } {
  const said = attributionIn(bytes);
  return { subject: said?.subject ?? null, differences: metadataDifferences(header, said) };
}

const REPEATED = ['recordedAt', 'occurredAt', 'recordedBy', 'actor'] as const;
const CLAIMED = ['occurredAt', 'recordedBy', 'actor'] as const;

/** A foreign event's recordedAt is the log's own time, which nothing in the entry repeats. */
function metadataDifferences(header: Header, attribution: Attribution | null): readonly Difference[] {
  const members = attribution === null ? CLAIMED : REPEATED;
  const said: Partial<Pick<Header, (typeof REPEATED)[number]>> = attribution ?? FOREIGN;
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
