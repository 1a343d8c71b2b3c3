import { X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeSecrets } from '../../../src/cli/init/secrets.js';

describe('the secrets of an installation', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'secrets-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  const write = (): Promise<readonly string[]> =>
    writeSecrets({ directory, eventStoreHost: 'es', databaseHost: 'pg', now: new Date() });
  const read = (name: string): Promise<string> => readFile(join(directory, name), 'utf8');
  const all = async (): Promise<Record<string, string>> => {
    const names = await readdir(directory, { recursive: true, withFileTypes: true });
    const files = names.filter((each) => each.isFile()).map(({ parentPath, name }) => join(parentPath, name));
    const texts = await Promise.all(files.map(async (file) => [file, await readFile(file, 'utf8')] as const));
    return Object.fromEntries(texts);
  };

  it('are written once: the second time there is nothing to do', async () => {
    expect(await write()).not.toHaveLength(0);
    const before = await all();
    expect(await write()).toEqual([]);
    expect(await all()).toEqual(before);
  });

  it('are made whole after a start that was broken off, with the same passwords', async () => {
    await write();
    const [url, sql] = [await read('api/database-url'), await read('postgres/logins.sql')];
    await rm(join(directory, 'api/database-url'));
    await rm(join(directory, 'eventstore/node.crt'));
    await writeFile(join(directory, `postgres/logins.sql.${process.pid}`), 'half a file', { mode: 0o400 });
    await rm(join(directory, 'postgres/logins.sql'));
    expect(await write()).toEqual(['api/database-url', 'postgres/logins.sql', 'eventstore/node.crt']);
    expect(await read('api/database-url')).toBe(url);
    expect(await read('postgres/logins.sql')).toBe(sql);
  });

  it('fit each other: logins, users, and a certificate that the authority of all signed', async () => {
    await write();
    const { password } = new URL(await read('api/database-url'));
    expect(await read('postgres/logins.sql')).toContain(`CREATE ROLE api LOGIN PASSWORD '${password}'`);
    expect(await read('admin/eventstore-url')).toContain(await read('eventstore/admin-password'));
    expect(await read('api/eventstore-url')).toContain(await read('admin/eventstore-api-password'));
    expect(await read('projector/eventstore-url')).toContain(
      await read('admin/eventstore-projector-password'),
    );
    const authority = new X509Certificate(await read('eventstore/ca/ca.crt'));
    const node = new X509Certificate(await read('eventstore/node.crt'));
    expect(node.verify(authority.publicKey)).toBe(true);
    expect(node.checkHost('es')).toBe('es');
    expect(await read('api/ca.crt')).toBe(await read('projector/ca.crt'));
  });

  it('give no service what is another one’s, and nobody else what is ours', async () => {
    await write();
    const passwords = new Set(
      ['api', 'projector', 'admin'].map(
        async (folder) => new URL(await read(`${folder}/database-url`)).password,
      ),
    );
    expect(new Set(await Promise.all(passwords)).size).toBe(3);
    for (const name of ['admin/seed', 'admin/ca.key', 'api/admin-password', 'projector/database-url']) {
      expect((await stat(join(directory, name))).mode & 0o777, name).toBe(0o400);
    }
    expect(await readdir(join(directory, 'projector'))).toEqual([
      ...['admin-password', 'ca.crt', 'database-url', 'eventstore-url'],
    ]);
    expect(await read('projector/admin-password')).not.toBe(await read('api/admin-password'));
  });
});
