import type pg from 'pg';
import { expect, it } from 'vitest';
import { withConnection } from '../../../src/event-log/postgres/session.js';

/** A pool with one connection, and what it was given back with. */
function poolOfOne(): { readonly pool: pg.Pool; readonly released: unknown[] } {
  const released: unknown[] = [];
  const client = { release: (reason: unknown) => released.push(reason) };
  return { pool: { connect: () => Promise.resolve(client) } as unknown as pg.Pool, released };
}

it('work that does not end is given up at its deadline, and its connection is not used again', async () => {
  const { pool, released } = poolOfOne();
  await expect(withConnection(pool, () => new Promise(() => undefined), 20)).rejects.toMatchObject({
    code: 'log-unavailable',
  });
  expect(released).toEqual([expect.any(Error)]);
});

it('a connection is given back once, and kept when nothing happened to it', async () => {
  const { pool, released } = poolOfOne();
  expect(await withConnection(pool, () => Promise.resolve(7), 1_000)).toBe(7);
  expect(released).toEqual([undefined]);
});
