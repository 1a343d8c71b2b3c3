/**
 * Checked rows on their way from one thread to another: faultless entries by columns, whose cloning takes a third of that
 * of objects, and the few others as they are.
 */
import type { CheckedRow, Link } from '../ledger/checked-row.js';
import { LedgerError } from '../ledger/error.js';
import type { EntryRow } from '../ledger/row.js';
import type { Hash } from '../ledger/types.js';
import { ENTRY_COLUMNS } from './entry-columns.js';

export interface PackedRows {
  /** of faultless entries, in their order */
  readonly hashes: readonly Hash[];
  readonly headers: { readonly [Member in keyof Link]: readonly Link[Member][] };
  /** the others, by their places among all */
  readonly others: ReadonlyMap<number, EntryRow>;
}

export function packed(rows: readonly CheckedRow[]): PackedRows {
  const entries = rows.flatMap(({ faultless }) => faultless ?? []);
  const column = <Member extends keyof Link>(member: Member): Link[Member][] =>
    entries.map(({ header }) => header[member]);
  return {
    hashes: entries.map(({ hash }) => hash),
    headers: {
      index: column('index'),
      id: column('id'),
      source: column('source'),
      revision: column('revision'),
      verdict: column('verdict'),
      recordedAt: column('recordedAt'),
      previous: column('previous'),
      previousInSource: column('previousInSource'),
    },
    others: new Map(
      rows.flatMap((checked, place) => (checked.faultless === null ? [[place, plain(checked.row)]] : [])),
    ),
  };
}

/** Each is made when it is asked for, so that whoever keeps none has one at a time. */
export function* unpacked({ hashes, headers, others }: PackedRows): Generator<CheckedRow, void, void> {
  const count = hashes.length + others.size;
  for (let place = 0, n = 0; place < count; place++) {
    const row = others.get(place);
    if (row !== undefined) {
      yield { faultless: null, row: withBuffers(row) };
      continue;
    }
    const header = {
      index: headers.index[n],
      id: headers.id[n],
      source: headers.source[n],
      revision: headers.revision[n],
      verdict: headers.verdict[n],
      recordedAt: headers.recordedAt[n],
      previous: headers.previous[n],
      previousInSource: headers.previousInSource[n],
    };
    const hash = hashes[n];
    if (hash === undefined) throw new LedgerError('internal', 'rows from the thread are not whole');
    n += 1;
    yield { faultless: { header: header as Link, hash } };
  }
}

/** Nothing but the values, in memory of their own: a clone takes all of the memory that a buffer lies in. */
function plain(row: EntryRow): EntryRow {
  const values = ENTRY_COLUMNS.map(({ member }) => {
    const value = row[member];
    return [member, value instanceof Buffer ? new Uint8Array(value) : value];
  });
  return Object.fromEntries(values) as EntryRow;
}

/** A clone's buffers are none any more. */
function withBuffers(row: EntryRow): EntryRow {
  return { ...row, data: bufferOf(row.data), metadata: bufferOf(row.metadata) };
}

function bufferOf(bytes: Uint8Array | null): Buffer | null {
  return bytes === null ? null : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
