import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attachOrStart, startEmbedded, type EmbeddedServer } from '../../src/postgres/server/embedded.js';
import { temporaryData, type DataDirectory } from '../support/data-directory.js';
import { silent, sql } from '../support/embedded.js';

let shared: EmbeddedServer;
let sharedData: DataDirectory;

beforeAll(async () => {
  sharedData = await temporaryData();
  shared = await startEmbedded({ dataDirectory: sharedData.path, logger: silent });
});

afterAll(async () => {
  await shared.stop();
  await sharedData.remove();
});

describe('an embedded server', () => {
  test('has a login for each part of the program, and only ours is a superuser', async () => {
    const rights = 'SELECT rolsuper, rolcreaterole FROM pg_roles WHERE rolname = current_user';
    expect(await sql(shared.url('superuser'), rights)).toEqual([{ rolsuper: true, rolcreaterole: true }]);
    expect(await sql(shared.url('admin'), rights)).toEqual([{ rolsuper: false, rolcreaterole: true }]);
    for (const login of ['api', 'projector', 'reader'] as const) {
      expect(await sql(shared.url(login), rights)).toEqual([{ rolsuper: false, rolcreaterole: false }]);
      await expect(sql(shared.url(login), 'CREATE SCHEMA mine')).rejects.toMatchObject({ code: '42501' });
    }
    await sql(shared.url('admin'), 'CREATE SCHEMA ledger');
  });

  test('takes nobody without a password', async () => {
    const url = new URL(shared.url('superuser'));
    url.password = 'password';
    await expect(sql(url.href, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
  });

  test('is set as an audit log must be', async () => {
    const [settings] = await sql(
      shared.url('reader'),
      `SELECT current_setting('fsync') AS fsync, current_setting('full_page_writes') AS pages,
              current_setting('synchronous_commit') AS commit, current_setting('data_checksums') AS checksums,
              current_setting('server_encoding') AS encoding, current_setting('listen_addresses') AS addresses,
              datcollate AS collation, datlocprovider AS provider
         FROM pg_database WHERE datname = current_database()`,
    );
    expect(settings).toEqual({
      fsync: 'on',
      pages: 'on',
      commit: 'on',
      checksums: 'on',
      encoding: 'UTF8',
      addresses: '',
      collation: 'C',
      provider: 'b',
    });
  });

  test('says in its log what failed, and nothing of the rows and statements it was about', async () => {
    const failing = `CREATE TEMPORARY TABLE note (text text CONSTRAINT short CHECK (length(text) < 3));
      INSERT INTO note VALUES ('a payload')`;
    await expect(sql(shared.url('superuser'), failing)).rejects.toMatchObject({ code: '23514' });
    const log = () => readFile(join(sharedData.path, 'postgres.log'), 'utf8');
    await expect.poll(log).toContain('violates check constraint "short"');
    expect(await log()).not.toMatch(/a payload|INSERT INTO/);
  });

  test('keeps its passwords in files that nobody else may read, and shows them nowhere', async () => {
    await expect(sql(shared.url('superuser'), 'SELECT 1/0')).rejects.toThrow();
    const passwords = Object.values(
      JSON.parse(await readFile(join(sharedData.path, 'logins.json'), 'utf8')) as Record<string, string>,
    );
    const shown = [
      await readFile(join(sharedData.path, 'postgres.log'), 'utf8'),
      await readFile(join(sharedData.path, 'server.json'), 'utf8'),
      JSON.stringify(await sql(shared.url('superuser'), 'SELECT query FROM pg_stat_activity')),
    ].join('\n');
    expect(new Set(passwords).size).toBe(5);
    for (const password of passwords) expect(shown).not.toContain(password);
    for (const name of await readdir(sharedData.path)) {
      const file = await stat(join(sharedData.path, name));
      if (file.isFile()) expect([name, (file.mode & 0o777).toString(8)]).toEqual([name, '600']);
    }
  });

  test('has one owner: a second start says so and disturbs nothing', async () => {
    await expect(startEmbedded({ dataDirectory: sharedData.path, logger: silent })).rejects.toMatchObject({
      code: 'in-use',
      message: expect.stringContaining(sharedData.path) as string,
    });
    expect(await sql(shared.url('api'), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  test('serves other commands, which leave it running when they are done', async () => {
    const guest = await attachOrStart({ dataDirectory: sharedData.path, logger: silent });
    expect(guest.owned).toBe(false);
    expect(guest.url('superuser')).toBe(shared.url('superuser'));
    await guest.stop();
    expect(await sql(shared.url('api'), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });
});
