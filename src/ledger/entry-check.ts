/** Whether an entry, wherever it was read from, is what its own hashes say; and whether it follows another. */
import { contentHash, entryHash, headerBytes } from './entry.js';
import type { Difference } from './finding.js';
import { decodeMetadata, type Metadata } from './metadata.js';
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
  /** null for a foreign event; undefined when the content was withheld or is not that of the header */
  readonly metadata: Metadata | null | undefined;
}

/** Recompute everything that an entry says of itself. */
export function checkEntry(entry: ReadEntry): EntryCheck {
  const { header } = entry;
  const differences: Difference[] = [];
  let metadata: Metadata | null | undefined;
  if (entry.content !== null) {
    const content = contentHash(entry.content.data, entry.content.metadata);
    if (content === header.content) {
      metadata = decodeMetadata(entry.content.metadata);
      differences.push(...metadataDifferences(header, metadata));
    } else {
      differences.push({ code: 'content-mismatch', expected: header.content, found: content });
    }
  }
  const hash = entryHash(entry.headerBytes ?? headerBytes(header));
  const sound = hash === entry.hash;
  if (!sound) differences.push({ code: 'hash-mismatch', expected: hash, found: entry.hash });
  return { hash, sound, differences, metadata };
}

const FOREIGN = { occurredAt: null, recordedBy: null, actor: null };
const REPEATED = ['recordedAt', 'occurredAt', 'recordedBy', 'actor'] as const;
const CLAIMED = ['occurredAt', 'recordedBy', 'actor'] as const;

/** A foreign event's recordedAt is the log's own time, which nothing in the entry repeats. */
function metadataDifferences(header: Header, metadata: Metadata | null): readonly Difference[] {
  const members = metadata === null ? CLAIMED : REPEATED;
  const said: Partial<Pick<Header, (typeof REPEATED)[number]>> = metadata ?? FOREIGN;
  const different = members.filter((member) => header[member] !== said[member]);
  return different.map((member) => ({
    code: 'metadata-mismatch',
    expected: said[member] ?? null,
    found: header[member],
    detail: metadata === null ? `${member} of a foreign event` : member,
  }));
}

/** The entry just before, as far as it can be relied on. */
export interface Predecessor {
  readonly index: number;
  readonly hash: Hash;
}

/** Whether the header names the entry before it; nothing where that is not known. */
export function previousDifference(header: Header, before: Predecessor | null): Difference | null {
  const expected = header.index === 0 ? NO_HASH : before?.index === header.index - 1 ? before.hash : null;
  if (expected === null || header.previous === expected) return null;
  return { code: 'broken-chain', expected, found: header.previous };
}
