/**
 * Rows of the entry table as COPY in binary gives them. Nearly every one holds an entry as the ledger writes them, whose
 * values need no detour by way of text: that is told at a glance, and then known. What is unusual in any way is read as
 * texts (entry-columns.ts), to be looked at closely.
 */
import { isEntryName, isText, isVerdict } from '../ledger/header-form.js';
import type { EntryRow } from '../ledger/row.js';
import { instantFromMs } from '../ledger/time.js';
import type { Entry, EventId, Hash, Header, Index, Revision } from '../ledger/types.js';
import type { CopiedRow } from '../postgres/copy-out.js';
import { EPOCH_MS } from '../postgres/type.js';
import { decodeRow } from './entry-columns.js';

/** @param copied its next fields are the values of ENTRY_COLUMNS */
export function readStoredRow(copied: CopiedRow): EntryRow {
  const { at } = copied;
  const row = rowAtAGlance(copied);
  if (row !== null) return row;
  copied.goTo(at);
  return decodeRow(() => copied.bytes());
}

const UUID_BYTES = 16;
const HASH_BYTES = 32;

/** The row of an entry, in the order of ENTRY_COLUMNS; null says nothing but that it takes a second look. */
function rowAtAGlance(copied: CopiedRow): EntryRow | null {
  const index = copied.integer();
  const id = copied.hex(UUID_BYTES);
  const source = copied.text();
  const type = copied.text();
  const revision = copied.integer();
  const schema = copied.hex(HASH_BYTES);
  const verdict = copied.text();
  const occurredMs = milliseconds(copied.integer());
  const recordedMs = milliseconds(copied.integer());
  const recordedBy = copied.text();
  const actor = copied.text();
  const content = copied.hex(HASH_BYTES);
  const previous = copied.hex(HASH_BYTES);
  const previousInSource = copied.hex(HASH_BYTES);
  const hash = copied.hex(HASH_BYTES);
  const data = copied.bytes();
  const metadata = copied.bytes();
  const isEntry =
    isPlace(index) &&
    isPlace(revision) &&
    typeof id === 'string' &&
    typeof content === 'string' &&
    typeof previous === 'string' &&
    typeof hash === 'string' &&
    schema !== undefined &&
    previousInSource !== undefined &&
    isEntryName(source) &&
    isEntryName(type) &&
    isVerdict(verdict) &&
    occurredMs !== undefined &&
    typeof recordedMs === 'number' &&
    (recordedBy === null || isText(recordedBy)) &&
    (actor === null || isText(actor)) &&
    data !== null &&
    metadata !== null;
  if (!isEntry) return null;
  const header: Header = {
    v: 1,
    index: index as Index,
    id: uuid(id) as EventId,
    source,
    type,
    revision: revision as Revision,
    schema: schema as Hash | null,
    verdict,
    occurredAt: occurredMs === null ? null : instantFromMs(occurredMs),
    recordedAt: instantFromMs(recordedMs),
    recordedBy,
    actor,
    content: content as Hash,
    previous: previous as Hash,
    previousInSource: previousInSource as Hash | null,
  };
  return new StoredRow({ header, hash: hash as Hash, data, metadata }, { occurredMs, recordedMs });
}

function isPlace(value: number | null): value is number {
  return value !== null && value >= 0;
}

/** Of microseconds since 2000; undefined where that is no whole number of them. Three centuries around are at hand. */
function milliseconds(microseconds: number | null): number | null | undefined {
  if (microseconds === null) return null;
  return microseconds % 1_000 === 0 ? microseconds / 1_000 + EPOCH_MS : undefined;
}

function uuid(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Values whose texts are made when somebody asks: for most rows nobody does, who has the entry. */
class StoredRow implements EntryRow {
  readonly #entry: Entry;
  readonly #times: { readonly occurredMs: number | null; readonly recordedMs: number };

  constructor(entry: Entry, times: { readonly occurredMs: number | null; readonly recordedMs: number }) {
    this.#entry = entry;
    this.#times = times;
  }

  get entry(): Entry {
    return this.#entry;
  }

  get index(): string {
    return String(this.#entry.header.index);
  }

  get id(): string {
    return this.#entry.header.id;
  }

  get source(): string {
    return this.#entry.header.source;
  }

  get type(): string {
    return this.#entry.header.type;
  }

  get revision(): string {
    return String(this.#entry.header.revision);
  }

  get schema(): string | null {
    return this.#entry.header.schema;
  }

  get verdict(): string {
    return this.#entry.header.verdict;
  }

  get occurredAt(): string | null {
    const { occurredMs } = this.#times;
    return occurredMs === null ? null : String(occurredMs);
  }

  get recordedAt(): string {
    return String(this.#times.recordedMs);
  }

  get recordedBy(): string | null {
    return this.#entry.header.recordedBy;
  }

  get actor(): string | null {
    return this.#entry.header.actor;
  }

  get content(): string {
    return this.#entry.header.content;
  }

  get previous(): string {
    return this.#entry.header.previous;
  }

  get previousInSource(): string | null {
    return this.#entry.header.previousInSource;
  }

  get hash(): string {
    return this.#entry.hash;
  }

  get data(): Buffer {
    return this.#entry.data;
  }

  get metadata(): Buffer {
    return this.#entry.metadata;
  }
}
