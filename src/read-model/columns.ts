/** Whether a table's columns have the types that their values are decoded as. */
import type pg from 'pg';
import { finding, type Finding } from '../ledger/finding.js';
import type { SchemaName } from './schema-name.js';

export interface Column {
  readonly column: string;
  /** object identifier of the type that the migrations gave it */
  readonly type: number;
}

export interface ColumnCheck {
  /** for each column, the expression to read it by: its name, or NULL when there is no such column */
  readonly expressions: readonly string[];
  /** `unreadable-value` for each column that is missing or of another type: what it holds is no value of ours */
  readonly findings: readonly Finding[];
}

/**
 * As the server itself describes the table: no catalogue is asked, so none can lie. What has another type is read all the
 * same, as the bytes it has.
 * @param client in the transaction that reads them
 */
export async function checkColumns(
  client: pg.ClientBase,
  schema: SchemaName,
  table: string,
  columns: readonly Column[],
): Promise<ColumnCheck> {
  const { fields } = await client.query({
    text: `SELECT * FROM ${schema}.${table} LIMIT 0`,
    rowMode: 'array',
  });
  const types = new Map(fields.map(({ name, dataTypeID }) => [name, dataTypeID]));
  const findings = columns.flatMap(({ column, type }) => {
    const found = types.get(column);
    if (found === type) return [];
    const detail = `the column ${column} of ${schema}.${table} is ${found === undefined ? 'missing' : 'of another type'}`;
    const shown = found === undefined ? null : `type ${found}`;
    return [finding({}, { code: 'unreadable-value', expected: `type ${type}`, found: shown, detail })];
  });
  const expressions = columns.map(({ column }) => (types.has(column) ? `${table}.${column}` : 'NULL::bytea'));
  return { expressions, findings };
}
