import pg from 'pg';
import { expect, it } from 'vitest';
import { Appender } from '../../../src/event-log/postgres/appender.js';
import { STATEMENT } from '../../../src/event-log/postgres/append-call.js';
import { candidates } from '../../support/event-log.js';

/** A pool whose statements are answered in turn: with places, or with an error of the server. */
function poolOf(...answers: ((count: number) => { rows: string[][] })[]): pg.Pool {
  let next = 0;
  const query = ({ values }: { values: [Buffer] }) => {
    // a binary array has its number of elements after three other numbers
    const count = values[0].readInt32BE(12);
    return Promise.resolve().then(() => answers[next++]?.(count));
  };
  return { connect: () => Promise.resolve({ query, release: () => undefined }) } as unknown as pg.Pool;
}

const written = (count: number) => ({
  rows: Array.from({ length: count }, (_, n) => [String(n + 1), String(n), 'f']),
});
const refused = (): never => {
  throw Object.assign(new pg.DatabaseError('shutting down', 0, 'error'), { code: '53100' });
};

it('a call of which a part was written before the log refused is uncertain', async () => {
  const pool = poolOf(written, refused);
  const appender = new Appender({ writePool: pool, readPool: pool, deadlineMs: 1_000 });
  await expect(appender.append('s', candidates(STATEMENT.rows + 1))).rejects.toMatchObject({
    code: 'log-uncertain',
  });
});

it('a call of which nothing was written is not', async () => {
  const pool = poolOf(refused);
  const appender = new Appender({ writePool: pool, readPool: pool, deadlineMs: 1_000 });
  await expect(appender.append('s', candidates(STATEMENT.rows + 1))).rejects.toMatchObject({
    code: 'log-unavailable',
  });
});
