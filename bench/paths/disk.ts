/** What an entry takes on disk beyond what was reported. */
import type pg from 'pg';
import { asSuperuser } from '../../test/support/database.js';
import type { Benchmark, Result } from '../benchmark.js';
import { summarise } from '../support/statistics.js';

const ENTRIES = 300_000;
const QUICK_ENTRIES = 30_000;

export const DISK: Benchmark = {
  name: 'disk',
  async run(bench) {
    const { database } = await bench.ledgers.of(bench.quick ? QUICK_ENTRIES : ENTRIES);
    const unit = 'bytes';
    return asSuperuser(database, async (client) => {
      const ledger = await overhead(client, 'ledger.entry', LEDGER);
      const log = await overhead(client, 'event_log.event', LOG);
      const index = await overhead(client, 'ledger.entry', PAYLOAD_INDEX);
      const row = (path: string, bytes: number, target: Result['target'], details = {}): Result => ({
        ...{ path, unit, subject: summarise([bytes]), floor: null, ratio: null, target, details },
      });
      return [
        row(
          'disk per entry, beyond payload and metadata',
          ledger.beyond,
          { subjectAtMost: 650 },
          ledger.parts,
        ),
        row('disk per event in the embedded log, beyond payload and metadata', log.beyond, null, log.parts),
        row('disk per entry, payload index', index.all, null, index.parts),
      ];
    });
  },
};

/** The read model without the payload index: what the issue calls an entry's disk. */
const LEDGER = ['ledger.entry', 'ledger.head', 'ledger.source', 'ledger.tile'];
const LOG = ['event_log.event', 'event_log.counter'];
const PAYLOAD_INDEX = ['ledger.term', 'ledger.segment'];

interface Overhead {
  /** bytes a row of all tables together */
  readonly all: number;
  /** without payloads and metadata */
  readonly beyond: number;
  /** bytes a row of each table without its indexes, and of each index */
  readonly parts: Readonly<Record<string, number>>;
}

/** @param rows the table with a row for each entry, with its payload and metadata */
async function overhead(client: pg.Client, rows: string, tables: readonly string[]): Promise<Overhead> {
  const { rows: counted } = await client.query<{ count: string; bytes: string }>(
    `SELECT count(*) AS count, sum(octet_length(data) + octet_length(metadata)) AS bytes FROM ${rows}`,
  );
  const [count, bytes] = [Number(counted[0]?.count), Number(counted[0]?.bytes)];
  // a table's part is with its TOAST and the maps of free space and visibility
  const { rows: parts } = await client.query<{ name: string; bytes: string }>(
    `SELECT t.name, pg_table_size(t.name::regclass) AS bytes FROM unnest($1::text[]) AS t (name)
     UNION ALL
     SELECT i.indexrelid::regclass::text, pg_relation_size(i.indexrelid)
     FROM unnest($1::text[]) AS t (name) JOIN pg_index AS i ON i.indrelid = t.name::regclass`,
    [tables],
  );
  const all = parts.reduce((sum, part) => sum + Number(part.bytes), 0) / count;
  return {
    all,
    beyond: all - bytes / count,
    parts: {
      ...Object.fromEntries(parts.map(({ name, bytes: size }) => [name, Number(size) / count])),
      payloadAndMetadata: bytes / count,
    },
  };
}
