import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { livingOwner, takeOwnership } from '../../src/postgres/server/ownership.js';
import { identityOf } from '../../src/postgres/server/process.js';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ledger-'));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

const take = () => takeOwnership(directory, 'the directory');

test('is had by one at a time', async () => {
  const owner = await take();
  expect(await livingOwner(directory)).toBe(process.pid);
  await expect(take()).rejects.toMatchObject({ code: 'in-use' });
  await owner.release();
  expect(await livingOwner(directory)).toBeNull();
  await (await take()).release();
});

test('goes to one of many who ask at the same moment, again and again', async () => {
  for (let round = 0; round < 20; round += 1) {
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, take));
    const winners = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    expect(winners).toHaveLength(1);
    await winners[0]?.release();
  }
  expect((await readdir(directory)).length).toBeLessThanOrEqual(2);
});

test.each([
  ['is gone', 4_000_000, '4000000 boot pid:[1] 17'],
  ['had the number of one that runs now', process.pid, `${process.pid} boot pid:[1] 17`],
])('passes on when its process %s', async (_what, pid, identity) => {
  await writeFile(join(directory, 'owner.7'), JSON.stringify({ pid, identity }));
  expect(await livingOwner(directory)).toBeNull();
  const owner = await take();
  expect(await livingOwner(directory)).toBe(process.pid);
  await owner.release();
});

test('tells processes apart', async () => {
  expect(await identityOf(process.pid)).toBe(await identityOf(process.pid));
  expect(await identityOf(process.pid)).not.toBe(await identityOf(process.ppid));
  expect(await identityOf(4_000_000)).toBe('');
});
