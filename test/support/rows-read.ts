/** How many rows PostgreSQL reads for what is asked of it, as it says itself. */
import type pg from 'pg';
import { createPool } from '../../src/postgres/pool.js';

export interface RowCounter {
  /** whose statements are counted */
  readonly pool: pg.Pool;
  /** Do something with the pool: the rows that its statements read, of all tables, whether they were of use or not. */
  rowsRead(work: () => Promise<unknown>): Promise<number>;
  close(): Promise<void>;
}

/** @param settings of the sessions, as the program has them whose statements they are */
export function countRows(url: string, settings: Readonly<Record<string, string>>): RowCounter {
  const pool = createPool({ url, applicationName: 'rows read', max: 4, settings });
  const explaining = createPool({ url, applicationName: 'explaining', max: 1, settings });
  let sent: Statement[] = [];
  pool.on('connect', (client) => {
    const query = client.query.bind(client) as (...args: unknown[]) => unknown;
    const watched = (...args: unknown[]): unknown => {
      sent.push(statementOf(...args));
      return query(...args);
    };
    client.query = watched as typeof client.query;
  });
  return {
    pool,
    async rowsRead(work) {
      sent = [];
      await work();
      let rows = 0;
      for (const { text, values } of sent) rows += await rowsOf(explaining, text, values);
      return rows;
    },
    async close() {
      await Promise.all([pool.end(), explaining.end()]);
    },
  };
}

interface Statement {
  readonly text: string;
  readonly values: unknown[];
}

/** What node-postgres was given to send: a text, a text with its values, or something that sends by itself (COPY). */
function statementOf(query?: unknown, values?: unknown): Statement {
  if (typeof query === 'string') return { text: query, values: Array.isArray(values) ? values : [] };
  const { text, values: own, submit } = query as Partial<pg.QueryConfig & pg.Submittable>;
  if (text !== undefined) return { text, values: own ?? (Array.isArray(values) ? values : []) };
  let copied = '';
  if (submit !== undefined) Reflect.apply(submit, query, [{ query: (all: string) => (copied = all) }]);
  return { text: /^COPY \(([^]*)\) TO STDOUT/.exec(copied)?.[1] ?? copied, values: [] };
}

/** A node of a plan, as EXPLAIN (ANALYZE, FORMAT JSON) shows it. */
interface PlanNode {
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Index Recheck'?: number;
  readonly Plans?: readonly PlanNode[];
}

async function rowsOf(pool: pg.Pool, text: string, values: unknown[]): Promise<number> {
  const { rows } = await pool.query<{ 'QUERY PLAN': readonly [{ readonly Plan: PlanNode }] }>({
    text: `EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) ${text}`,
    values,
  });
  const plan = rows[0]?.['QUERY PLAN'][0].Plan;
  if (plan === undefined) throw new Error(`no plan: ${text}`);
  return rowsOfNode(plan);
}

/** Only nodes that read a table name it. */
function rowsOfNode(node: PlanNode): number {
  const inOneLoop =
    node['Actual Rows'] +
    (node['Rows Removed by Filter'] ?? 0) +
    (node['Rows Removed by Index Recheck'] ?? 0);
  const own = node['Relation Name'] === undefined ? 0 : inOneLoop * node['Actual Loops'];
  return (node.Plans ?? []).reduce((sum, child) => sum + rowsOfNode(child), own);
}
