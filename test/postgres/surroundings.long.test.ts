/** The embedded server on machines of every kind: whoever runs it, wherever it lies, whatever the environment says. */
import { chmod, chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { canEnter, isRoot, chooseAccount, type Account } from '../../src/postgres/server/account.js';
import { startEmbedded } from '../../src/postgres/server/embedded.js';
import { readPlaceDirectory } from '../../src/postgres/server/place.js';
import { temporaryData, type DataDirectory, type DataOptions } from '../support/data-directory.js';
import { runEmbedded, silent, sql, type ProcessOptions } from '../support/embedded.js';

const STATE_DIRECTORY = '/var/lib/event-ledger';

const directories: DataDirectory[] = [];

afterEach(async () => {
  for (const directory of directories.splice(0)) await directory.remove();
});

async function newData(options?: DataOptions): Promise<DataDirectory> {
  const data = await temporaryData(options);
  directories.push(data);
  return data;
}

/** Start, ask, stop; twice, because what the first start makes must suit the second. */
async function expectToWork(path: string, options: ProcessOptions = {}): Promise<void> {
  for (const time of ['first', 'second']) {
    const owner = runEmbedded(path, options);
    try {
      const { url, message } = await owner.outcome;
      expect(message).toBeUndefined();
      const settings =
        "SELECT current_setting('server_encoding') AS encoding, current_setting('TimeZone') AS zone";
      expect([time, ...(await sql(url, settings))]).toEqual([time, { encoding: 'UTF8', zone: 'UTC' }]);
    } finally {
      await owner.end('SIGTERM');
    }
  }
}

/** Somebody other than root who can run this program; null when that is nobody but ourselves. */
async function ordinaryUser(): Promise<Account | null> {
  const account = await chooseAccount();
  return account && (await canEnter(new URL('../..', import.meta.url).pathname, account)) ? account : null;
}

test('whatever the environment and the umask are', async () => {
  const data = await newData();
  const libraries = join(dirname(data.path), 'libraries');
  await mkdir(libraries);
  await writeFile(join(libraries, 'libicuuc.so.60'), 'of somebody else');
  const env = {
    LD_LIBRARY_PATH: libraries,
    LANG: 'xx_YY.UTF-16',
    LC_ALL: 'de_DE',
    TZ: 'Mars/Olympus',
    PGHOST: 'db.example.org',
    PGPORT: '1',
    PGUSER: 'nobody',
    PGPASSWORD: 'wrong',
    PGDATABASE: 'none',
    PGDATA: '/nowhere',
    PGOPTIONS: '-c work_mem=nonsense',
    PGSSLMODE: 'require',
  };
  await expectToWork(data.path, { env, umask: 0o777 });
});

test('run by an ordinary user, in a directory of that user’s own', async () => {
  const account = await ordinaryUser();
  const data = await newData({ name: 'home/data' });
  const home = dirname(data.path);
  await mkdir(home);
  await chmod(home, 0o700);
  if (account) await chown(home, account.uid, account.gid);

  await expectToWork(data.path, account ? { uid: account.uid, gid: account.gid } : {});

  const inside = account !== null || !isRoot();
  expect(dirname((await readPlaceDirectory(data.path)) ?? '')).toBe(inside ? data.path : STATE_DIRECTORY);
});

test('in a directory that nobody else may enter', async () => {
  const data = await newData({ mode: 0o700, name: 'clone/.event-ledger' });

  await expectToWork(data.path);

  const place = (await readPlaceDirectory(data.path)) ?? '';
  expect(dirname(place)).toBe(isRoot() ? STATE_DIRECTORY : data.path);
  expect(await readFile(join(data.path, 'place.json'), 'utf8')).toContain(isRoot() ? place : '"postgres"');
});

test('run by root once, an ordinary user’s ledger stays that user’s', async () => {
  const account = await ordinaryUser();
  const data = await newData({ name: 'home/data' });
  const home = dirname(data.path);
  await mkdir(home);
  if (account) await chown(home, account.uid, account.gid);

  const first = await startEmbedded({ dataDirectory: data.path, logger: silent });
  await first.stop();

  await expectToWork(data.path, account ? { uid: account.uid, gid: account.gid } : {});
});

test.each([
  ['a file', 'file'],
  ['below a file', 'file/data'],
  ['longer than PostgreSQL can take', join(...Array.from({ length: 5 }, () => 'z'.repeat(200)))],
])('a data directory that is %s is a mistake in the configuration', async (_what, name) => {
  const around = dirname((await newData()).path);
  await writeFile(join(around, 'file'), '');
  const start = startEmbedded({ dataDirectory: join(around, name), logger: silent });
  await expect(start).rejects.toMatchObject({
    code: 'invalid-configuration',
    message: expect.stringContaining('LEDGER_DATA') as string,
  });
});

test.skipIf(process.platform !== 'linux')(
  'where the file system takes no directories, the start says so and does not try for ever',
  async () => {
    await expect(
      startEmbedded({ dataDirectory: '/proc/event-ledger/data', logger: silent }),
    ).rejects.toMatchObject({
      code: 'invalid-configuration',
      message: expect.stringContaining('/proc/event-ledger') as string,
    });
  },
);
