/** What a verification found wrong: data for a report, never an exception. */
import { cut } from './cut.js';

export type FindingCode =
  /** the recorded bytes are not those that the header names */
  | 'content-mismatch'
  /** recordedAt, recordedBy, occurredAt or actor are not what the metadata says */
  | 'metadata-mismatch'
  /** the entry hash is not that of the header */
  | 'hash-mismatch'
  /** `previous` is not the hash of the entry before */
  | 'broken-chain'
  /** `previousInSource` is not the hash of the source's entry before */
  | 'broken-source-chain'
  /** no row at an index below the head's size */
  | 'missing-entry'
  /** a row that the head does not cover, or a second one at an index */
  | 'unexpected-entry'
  /** the head, or a source's head, is not what the entries give */
  | 'head-mismatch'
  /** a head that was noted elsewhere is not covered by what was read */
  | 'head-not-covered'
  /** a source's revisions skip: its stream was truncated before the ledger read it */
  | 'revision-gap'
  /** a column holds no value that an entry can have */
  | 'unreadable-value'
  /** a tile is not what the entry hashes give */
  | 'tile-mismatch'
  /** an index of the entry table does not answer with exactly the rows that it is for */
  | 'index-mismatch'
  /** the database's tables, rights or triggers are not those that the migrations made */
  | 'catalogue-altered'
  /** a line of an export is not in the form of one */
  | 'malformed-line'
  /** the export's last line is not its manifest, or does not belong to what precedes it */
  | 'manifest-mismatch'
  /** the entry is not what the log's event gives, and its own hashes or the chain say that it was another */
  | 'ledger-altered'
  /** the log's event is not the one that the entry was made from, which holds in itself and in the chain */
  | 'log-altered'
  /** entry and event differ, and nothing tells which of them was changed */
  | 'stores-differ'
  /** the log does not have an entry's event, and nothing in the log explains it */
  | 'missing-event'
  /** the log has an event up to the ledger's head that no entry was made from */
  | 'unexpected-event'
  /** the log has an entry's event at another place */
  | 'event-order'
  /** the log hides or has removed an entry's event, by `$tb`, `$maxAge` or `$maxCount` of its stream */
  | 'log-truncated'
  /** the log hides or has removed an entry's event, whose stream was deleted */
  | 'log-deleted'
  /** the log has an entry's event without its data */
  | 'log-redacted'
  /** from an entry on nothing is what the ledger was made from: another log, or one restored from an older backup */
  | 'log-replaced'
  /** verdict or schema are not what the events up to the entry give */
  | 'verdict-mismatch'
  /** the payload index does not propose what the recorded bytes hold */
  | 'payload-index-mismatch';

/** The store that is not as it was. */
export type Store = 'ledger' | 'log';

export interface Finding {
  readonly code: FindingCode;
  readonly index: number | null;
  readonly id: string | null;
  readonly source: string | null;
  /** what must stand there, null where that cannot be said */
  readonly expected: string | null;
  readonly found: string | null;
  /** the line of an export, 1-based */
  readonly line?: number;
  /** the store that was changed, where that can be known */
  readonly store?: Store;
  readonly detail?: string;
}

/** Where something was found, as far as that is known. */
export interface Place {
  readonly index?: number | null;
  readonly id?: string | null;
  readonly source?: string | null;
  readonly line?: number;
}

/** What was found there. */
export interface Difference {
  readonly code: FindingCode;
  readonly expected?: string | null;
  readonly found?: string | null;
  readonly store?: Store;
  readonly detail?: string;
}

export function finding(place: Place, difference: Difference): Finding {
  const { code, expected, found, store, detail } = difference;
  return {
    code,
    index: place.index ?? null,
    id: place.id ?? null,
    source: place.source ?? null,
    expected: expected ?? null,
    found: found ?? null,
    ...(place.line === undefined ? {} : { line: place.line }),
    ...(store === undefined ? {} : { store }),
    ...(detail === undefined ? {} : { detail }),
  };
}

/** A report names so many findings; beyond, it counts. */
export const MAX_FINDINGS = 1000;

/** Findings in the order they were found: the first 1,000, and how many there were. */
export class FindingList {
  total = 0;
  readonly first: Finding[] = [];

  add(...findings: readonly Finding[]): void {
    for (const item of findings) if (this.first.length < MAX_FINDINGS) this.first.push(item);
    this.total += findings.length;
  }

  /** Count findings that nobody can list. */
  addUnlisted(count: number): void {
    this.total += Math.max(0, count);
  }

  /** Count a finding for each from ≤ index < to; a run of millions costs no more than 1,000. */
  addRun(from: number, to: number, findingAt: (index: number) => Finding): void {
    const listed = Math.min(to, from + MAX_FINDINGS - this.first.length);
    for (let index = from; index < listed; index++) this.first.push(findingAt(index));
    this.total += Math.max(0, to - from);
  }
}

const SHOWN = 200;

/** A value as a finding shows it: not longer than a line. */
export function shorten(text: string): string {
  return text.length <= SHOWN ? text : `${cut(text, SHOWN)} (${text.length} characters)`;
}

/** A report (API.md): `intact` only when everything in range was read and nothing was found. */
export interface VerificationReport {
  readonly intact: boolean;
  readonly mode: 'full' | 'deep';
  readonly range: { readonly fromIndex: number; readonly toIndex: number };
  /** restricted to one source */
  readonly source?: string;
  /** entries that were read and recomputed */
  readonly checked: number;
  readonly size: number;
  readonly head: string;
  /** the first 1,000, in the order they were found */
  readonly findings: readonly Finding[];
  readonly findingsTotal: number;
  /** what was asked for and could not be checked, in words; the report is then never intact */
  readonly notChecked?: readonly string[];
  readonly startedAt: string;
  readonly durationMs: number;
}
