/** A migrated database with a login for each kind of process: what a production installation has. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { migrate } from '../../src/read-model/migrate.js';
import { createDatabase, withParts, type TestDatabase } from './postgres.js';

export interface LedgerDatabase extends TestDatabase {
  readonly origin: string;
  /** granted the group reader */
  readonly readerUrl: string;
  /** granted the group api */
  readonly apiUrl: string;
  /** granted the group projector */
  readonly projectorUrl: string;
  /** granted api and projector: one process that is everything */
  readonly allUrl: string;
}

/** @param serverUrl a superuser's URL; default: the server of this run */
export async function createLedgerDatabase(serverUrl?: string): Promise<LedgerDatabase> {
  const database = await createDatabase(serverUrl);
  const password = randomBytes(12).toString('hex');
  const login = (name: string): string => `${database.name}_${name}_login`;
  await asSuperuser(database, async (client) => {
    for (const name of ['reader', 'api', 'projector', 'all']) {
      await client.query(`CREATE ROLE ${login(name)} LOGIN PASSWORD '${password}'`);
    }
  });
  const { origin } = await migrate({
    adminUrl: database.adminUrl,
    grants: [
      { login: login('reader'), groups: ['reader'] },
      { login: login('api'), groups: ['api'] },
      { login: login('projector'), groups: ['projector'] },
      { login: login('all'), groups: ['api', 'projector'] },
    ],
  });
  const urlOf = (name: string): string => withParts(database.adminUrl, { user: login(name), password });
  return {
    ...database,
    origin,
    readerUrl: urlOf('reader'),
    apiUrl: urlOf('api'),
    projectorUrl: urlOf('projector'),
    allUrl: urlOf('all'),
  };
}

/** Run something as a superuser: what an attacker with the database in hands could do. */
export async function asSuperuser<Result>(
  database: TestDatabase,
  run: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ connectionString: database.superuserUrl });
  await client.connect();
  try {
    return await run(client);
  } finally {
    await client.end();
  }
}
