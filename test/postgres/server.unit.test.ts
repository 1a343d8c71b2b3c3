import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { grants, parsePasswd } from '../../src/postgres/server/account.js';
import { chooseEndpoint, urlOf } from '../../src/postgres/server/endpoint.js';
import { explainFileError } from '../../src/postgres/server/files.js';
import { rotateLog } from '../../src/postgres/server/log.js';
import { lastLines } from '../../src/postgres/server/run.js';

describe('whom PostgreSQL may run as', () => {
  test('root is nobody’s choice, under no name', () => {
    const text =
      'root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n\nbroken\n';
    expect(parsePasswd(text)).toEqual([{ name: 'nobody', uid: 65534, gid: 65534 }]);
  });

  test.each([
    [0o700, 1, 1, true],
    [0o700, 2, 1, false],
    [0o750, 2, 1, true],
    [0o711, 2, 2, true],
    // The owner's bits count for the owner, even where others have more.
    [0o077, 1, 1, false],
  ])('mode %o, owner 1:1, user %i:%i may enter: %s', (mode, uid, gid, expected) => {
    expect(grants({ mode, uid: 1, gid: 1 }, { name: 'user', uid, gid }, 0o1)).toBe(expected);
  });
});

describe('where a server is reached', () => {
  test('a short directory takes a socket', async () => {
    expect(await chooseEndpoint('/short')).toMatchObject({ kind: 'socket', directory: '/short' });
  });

  test('a long one, in bytes, gives way to a free port', async () => {
    const endpoint = await chooseEndpoint(`/${'帳'.repeat(31)}`);
    expect(endpoint).toMatchObject({ kind: 'tcp' });
    expect(endpoint.port).toBeGreaterThan(1023);
  });

  test('its URL quotes what a directory may have in it', () => {
    const login = { user: 'api', password: 'a/b' };
    const url = urlOf({ kind: 'socket', directory: '/a b?&%+/ü', port: 5432 }, login, 'event_ledger');
    const parsed = new URL(url);
    expect(parsed.searchParams.get('host')).toBe('/a b?&%+/ü');
    expect(parsed.pathname).toBe('/event_ledger');
    expect(decodeURIComponent(parsed.password)).toBe('a/b');
  });
});

describe('an error of the file system', () => {
  test.each([
    ['EACCES', 'invalid-configuration'],
    ['EROFS', 'invalid-configuration'],
    ['ENOSPC', 'store-unavailable'],
  ])('%s is %s and names the directory', (code, expected) => {
    const error = Object.assign(new Error(`${code}: no`), { code });
    expect(explainFileError(error, 'LEDGER_DATA (/data)')).toMatchObject({
      code: expected,
      message: expect.stringContaining('LEDGER_DATA (/data)') as string,
    });
  });

  test('says in words what is wrong, and where', () => {
    const error = Object.assign(new Error('EEXIST: file already exists, mkdir'), {
      code: 'EEXIST',
      path: '/a/b',
    });
    expect(explainFileError(error, 'LEDGER_DATA (/a/b)')).toMatchObject({
      message: 'LEDGER_DATA (/a/b) cannot be used: a file is where a directory should be (EEXIST at /a/b)',
    });
  });

  test('any other error stays itself', () => {
    const error = new TypeError('x is not a function');
    expect(explainFileError(error, 'LEDGER_DATA')).toBe(error);
  });
});

test('a large log makes room for a new one and is kept, a small one goes on', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'ledger-'));
  const log = join(directory, 'postgres.log');
  try {
    await rotateLog(log);
    await writeFile(log, 'small');
    await rotateLog(log);
    expect(await readFile(log, 'utf8')).toBe('small');
    await writeFile(log, Buffer.alloc(11 * 1024 * 1024));
    await rotateLog(log);
    await expect(readFile(log)).rejects.toMatchObject({ code: 'ENOENT' });
    expect((await readFile(`${log}.1`)).length).toBe(11 * 1024 * 1024);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test('the last words of a program are one line', () => {
  expect(lastLines('first\n\n second \nthird\n', 2)).toBe('second; third');
});

test('the last words of a program are the reasons that it named, where it named some', () => {
  const output = `running bootstrap script ... 2026-11-26 01:40:21 UTC [7] FATAL:  no space left
2026-11-26 01:40:21 UTC [7] HINT:  Check free disk space.
Aborted
initdb: error: cannot go on
initdb: removing data directory
`;
  expect(lastLines(output)).toBe('no space left; Check free disk space.; cannot go on');
});
