/** Migrated databases for tests, in the run's server unless another is named. */
import { inject } from 'vitest';
import { createLedgerDatabaseOn, type LedgerDatabase } from './database.js';

export { asSuperuser, type LedgerDatabase } from './database.js';

/** @param serverUrl a superuser's URL; default: the server of this run */
export function createLedgerDatabase(serverUrl: string = inject('postgresUrl')): Promise<LedgerDatabase> {
  return createLedgerDatabaseOn(serverUrl);
}
