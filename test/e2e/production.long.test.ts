import { describe, expect, it } from 'vitest';
import { runCommand } from '../support/ledger-process.js';
import { createDatabase } from '../support/postgres.js';

describe('a database that nobody has migrated', () => {
  it.each(['start', 'api', 'projector'])(
    'ends %s with 3, and it names the command to run',
    async (command) => {
      const database = await createDatabase();
      const { code, stderr } = await runCommand([command], { DATABASE_URL: database.adminUrl, PORT: '0' });
      expect(code).toBe(3);
      expect(stderr).toContain('event-ledger migrate');
      await database.drop();
    },
  );
});

describe('a database that does not let the login in', () => {
  it.each(['api', 'projector'])('ends %s with 2', async (command) => {
    const database = await createDatabase();
    const url = new URL(database.adminUrl);
    url.password = 'wrong';
    const { code } = await runCommand([command], { DATABASE_URL: url.href, PORT: '0' });
    expect(code).toBe(2);
    await database.drop();
  });
});

describe('a database server that is not there', () => {
  it.each(['api', 'projector'])('ends %s with 3', async (command) => {
    const settings = { DATABASE_URL: 'postgres://a:b@127.0.0.1:9/c', PORT: '0' };
    expect((await runCommand([command], settings)).code).toBe(3);
  });
});
