/** Real PostgreSQL for tests: fresh databases in the run's server, and servers that a test may stop and kill. */
import { inject } from 'vitest';
import { createDatabaseOn, type TestDatabase } from './database.js';

export { withParts, type TestDatabase } from './database.js';
export { startTestServer as startServer, type TestServer } from './postgres-server.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** a superuser's URL in the server of this run */
    postgresUrl: string;
  }
}

/** @param serverUrl a superuser's URL; default: the server of this run */
export function createDatabase(serverUrl: string = inject('postgresUrl')): Promise<TestDatabase> {
  return createDatabaseOn(serverUrl);
}
