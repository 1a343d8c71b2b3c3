/** The double's log: records in memory in the order of their positions, streams over them, and who is told of new ones. */
import { randomUUID } from 'node:crypto';
import { checkCommit, type CommitView } from './commit-check.js';
import {
  DELETED,
  metastreamOf,
  originalOf,
  proposed,
  type ExpectedRevision,
  type LogRecord,
  type ProposedRecord,
} from './record.js';
import { OF_METASTREAMS, readMetadata, shownFrom } from './stream-metadata.js';
import { StreamState } from './stream-state.js';

export type AppendResult =
  /** revision -1: the stream has none; position null: the repeated event is hidden */
  | {
      readonly status: 'written' | 'repeated';
      readonly revision: bigint;
      readonly position: number | null;
    }
  | { readonly status: 'wrong-expected-version'; readonly current: bigint }
  | { readonly status: 'deleted' };

/** What a backup holds. */
export interface LogSnapshot {
  readonly records: readonly LogRecord[];
  readonly end: number;
}

type Listener = (records: readonly LogRecord[]) => void;

/** where the first record stands: the server's own epoch records come before it */
const START = 1_024;
/** bytes of a record besides its texts */
const OVERHEAD = 93;

export class DoubleLog {
  #records: LogRecord[] = [];
  #streams = new Map<string, StreamState>();
  #end = START;
  readonly #remembered = new Map<string, { readonly stream: string; readonly revision: bigint }>();
  readonly #listeners = new Set<Listener>();
  readonly #memory: number;
  readonly #view: CommitView = {
    last: (stream) => this.last(stream),
    softDeleted: (stream) => this.#streams.get(stream)?.softDeleted ?? false,
    hasMetadata: (stream) => this.last(metastreamOf(stream)) >= 0n,
    remembered: (id) => this.#remembered.get(id),
    idAt: (stream, revision) => this.#streams.get(stream)?.at(revision)?.id,
  };

  /** @param memory so many newest ids are known again whatever the expected revision */
  constructor(memory = 100_000) {
    this.#memory = memory;
  }

  /** every record there is, in log order, holes included */
  get records(): readonly LogRecord[] {
    return this.#records;
  }

  /** where the next record will stand */
  get end(): number {
    return this.#end;
  }

  get streams(): ReadonlyMap<string, StreamState> {
    return this.#streams;
  }

  stream(name: string): StreamState | undefined {
    return this.#streams.get(name);
  }

  last(stream: string): bigint {
    const original = originalOf(stream);
    if (original !== null && this.#streams.get(original)?.tombstone) return DELETED;
    return this.#streams.get(stream)?.last ?? -1n;
  }

  /** Append all or nothing, with the server's rules. */
  append(
    stream: string,
    events: readonly ProposedRecord[],
    expected: ExpectedRevision = 'any',
  ): AppendResult {
    const ids = events.map(({ id }) => id);
    const check = checkCommit(this.#view, stream, expected, ids);
    if (check.decision === 'repeat') return this.#repeated(stream, check.revision);
    if (check.decision === 'wrong-expected-version') {
      return { status: 'wrong-expected-version', current: check.current };
    }
    if (check.decision === 'deleted') return { status: 'deleted' };

    const original = originalOf(stream);
    const wasDeleted = original !== null && this.#view.softDeleted(original);
    const first = check.current + 1n;
    const written = events.map((event, n) => this.#write(stream, first + BigInt(n), event));
    const newest = written.at(-1) ?? this.#writeHole(stream, check.current);
    if (check.softDeleted) written.push(...this.#undelete(stream, first));
    if (wasDeleted) written.push(...this.#undelete(original, this.last(original) + 1n));
    this.#announce(written);
    return { status: 'written', revision: newest.revision, position: newest.position };
  }

  /** Soft deletion: a metadata record that hides everything there is. */
  delete(stream: string, expected: ExpectedRevision = 'any'): AppendResult {
    const refusal = this.#refusal(stream, expected);
    if (refusal) return refusal;
    if (this.last(stream) < 0n && !this.#view.hasMetadata(stream)) {
      return { status: 'wrong-expected-version', current: -1n };
    }
    return this.#administer(metastreamOf(stream), '$metadata', `{"$tb":${DELETED}}`);
  }

  /** Hard deletion: a tombstone, after which the stream can never be written again. */
  tombstone(stream: string, expected: ExpectedRevision = 'any'): AppendResult {
    const refusal = this.#refusal(stream, expected);
    return refusal ?? this.#administer(stream, '$streamDeleted', '', DELETED);
  }

  /**
   * Index into `records` of the record that begins at a position.
   * @returns the number of records when it lies at or beyond the end, null when it lies inside a record
   */
  indexOf(position: number): number | null {
    if (position === 0) return 0;
    if (position >= this.#end) return this.#records.length;
    let low = 0;
    let high = this.#records.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const at = this.#records[middle]?.position ?? 0;
      if (at === position) return middle;
      if (at < position) low = middle + 1;
      else high = middle - 1;
    }
    return null;
  }

  /** Be told of new records, at once and in order. @returns stops it */
  onAppend(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What a restart does: ids written before are known by their place alone. */
  forget(): void {
    this.#remembered.clear();
  }

  snapshot(): LogSnapshot {
    return { records: [...this.#records], end: this.#end };
  }

  /** Go back to a backup, or to files that somebody edited. Forgets ids, as it takes a restart. */
  restore(snapshot: LogSnapshot): void {
    this.#end = snapshot.end;
    this.replace(snapshot.records);
    this.forget();
  }

  /** Put other records in place of those there are, in the order of their positions; nobody is told. */
  replace(records: readonly LogRecord[]): void {
    this.#records = [...records];
    this.#streams = new Map();
    const byRevision = this.#records
      .filter((record) => record.visible)
      .sort((a, b) => (a.revision < b.revision ? -1 : Number(a.revision > b.revision)));
    for (const record of byRevision) this.#index(record);
  }

  #refusal(stream: string, expected: ExpectedRevision): AppendResult | null {
    const check = checkCommit(this.#view, stream, expected, [randomUUID()]);
    if (check.decision === 'deleted') return { status: 'deleted' };
    if (check.decision !== 'wrong-expected-version') return null;
    return { status: 'wrong-expected-version', current: check.current };
  }

  #administer(stream: string, type: string, data: string, revision?: bigint): AppendResult {
    const event = proposed({ type, data, json: data !== '' });
    const record = this.#write(stream, revision ?? this.last(stream) + 1n, event);
    this.#announce([record]);
    return { status: 'written', revision: record.revision, position: record.position };
  }

  #repeated(stream: string, revision: bigint): AppendResult {
    const state = this.#streams.get(stream);
    const record = state?.at(revision);
    const position = record && state?.shows(record) ? record.position : null;
    return { status: 'repeated', revision, position };
  }

  #undelete(stream: string, from: bigint): readonly LogRecord[] {
    const metastream = metastreamOf(stream);
    const newest = this.#streams.get(metastream)?.records.at(-1);
    const data = newest ? shownFrom(newest.data, from) : null;
    if (!data) return [];
    return [this.#write(metastream, this.last(metastream) + 1n, proposed({ type: '$metadata', data }))];
  }

  #write(stream: string, revision: bigint, event: ProposedRecord): LogRecord {
    const record = this.#place({ ...event, stream, revision, visible: true });
    this.#index(record);
    this.#remember(record);
    return record;
  }

  #writeHole(stream: string, revision: bigint): LogRecord {
    const nothing = proposed({ type: '', data: '' });
    return this.#place({ ...nothing, stream, revision, visible: false });
  }

  #place(record: Omit<LogRecord, 'position' | 'created'>): LogRecord {
    const placed = { ...record, position: this.#end, created: BigInt(Date.now()) * 10_000n };
    const texts = Buffer.byteLength(record.stream) + Buffer.byteLength(record.type);
    this.#end += OVERHEAD + texts + record.data.length + record.metadata.length;
    this.#records.push(placed);
    return placed;
  }

  #index(record: LogRecord): void {
    this.#state(record.stream).add(record);
    const original = originalOf(record.stream);
    if (original !== null) this.#state(original).metadata = readMetadata(record);
  }

  #state(stream: string): StreamState {
    let state = this.#streams.get(stream);
    if (!state) {
      state = new StreamState();
      if (originalOf(stream) !== null) state.metadata = OF_METASTREAMS;
      this.#streams.set(stream, state);
    }
    return state;
  }

  #remember(record: LogRecord): void {
    this.#remembered.delete(record.id);
    this.#remembered.set(record.id, { stream: record.stream, revision: record.revision });
    if (this.#remembered.size <= this.#memory) return;
    const [oldest] = this.#remembered.keys();
    if (oldest !== undefined) this.#remembered.delete(oldest);
  }

  #announce(records: readonly LogRecord[]): void {
    for (const listener of this.#listeners) listener(records);
  }
}
