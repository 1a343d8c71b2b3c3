/** The schema that a ledger is in: `ledger`, or another one while it is rebuilt. */
import { LedgerError } from '../ledger/error.js';

declare const brand: unique symbol;

/** A schema's name that needs no quotes and can stand in SQL as it is. */
export type SchemaName = string & { readonly [brand]: 'SchemaName' };

/** @throws LedgerError `internal` for a name that would need quotes, or that PostgreSQL would cut */
export function schemaName(name: string): SchemaName {
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(name)) {
    throw new LedgerError('internal', `'${name}' is no schema name of ours`);
  }
  return name as SchemaName;
}

export const LEDGER = schemaName('ledger');

/** The embedded event log's, whether it is used or not. */
export const EVENT_LOG = schemaName('event_log');

/** Credentials: no part of the ledger, made and granted with it. */
export const ACCESS = schemaName('access');

/**
 * A migration of the read model, for another schema: every place where `ledger` names the schema (before a dot, after
 * SCHEMA, and alone in quotes) names the other one.
 */
export function inSchema(sql: string, schema: SchemaName): string {
  return sql.replaceAll(/\bledger(?=\.)|(?<=\bSCHEMA )ledger\b|(?<=')ledger(?=')/g, schema);
}
