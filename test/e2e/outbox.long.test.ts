import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { untilDelivered } from '../support/access-events.js';
import { asSuperuser, createLedgerDatabase, type LedgerDatabase } from '../support/ledger-database.js';
import { eventually, startLedger, type LedgerProcess } from '../support/ledger-process.js';

let database: LedgerDatabase;
let running: LedgerProcess[];
beforeEach(async () => {
  database = await createLedgerDatabase();
  running = [];
});
afterEach(async () => {
  for (const each of running) await each.stop('SIGKILL');
  await database.drop();
});

async function startProcess(): Promise<LedgerProcess> {
  const started = await startLedger({ DATABASE_URL: database.apiUrl }, 'api');
  running.push(started);
  return started;
}

/** As if somebody had changed so many credentials. */
function put(from: number, to: number): Promise<unknown> {
  return asSuperuser(database, (client) =>
    client.query(
      `INSERT INTO access.outbox (id, type, payload, recorded_by, occurred_at)
       SELECT gen_random_uuid(), 'test.happened', json_build_object('n', n), 'x', now()
       FROM generate_series($1::int, $2::int) AS n ORDER BY n`,
      [from, to],
    ),
  );
}

/** Their numbers, in the order of the log. */
function recorded(): Promise<readonly number[]> {
  return asSuperuser(database, async (client) => {
    const { rows } = await client.query<{ n: number }>(
      `SELECT (convert_from(data, 'UTF8')::json ->> 'n')::int AS n FROM event_log.event
       WHERE convert_from(source, 'UTF8') = '_access' AND convert_from(type, 'UTF8') = 'test.happened'
       ORDER BY position`,
    );
    return rows.map(({ n }) => n);
  });
}

describe('an event of _access', () => {
  it('is recorded once when its process is killed between the append and the deletion', async () => {
    await put(1, 3);
    await asSuperuser(database, async (client) => {
      // whoever deletes them waits
      await client.query('BEGIN');
      await client.query('SELECT FROM access.outbox FOR UPDATE');
      const first = await startProcess();
      await eventually('the log has them', async () => (await recorded()).length === 3);
      await startProcess();
      await first.stop('SIGKILL');
      await client.query('COMMIT');
    });
    await untilDelivered(database);
    expect(await recorded()).toEqual([1, 2, 3]);
  });

  it('is recorded once, and in order, whichever process is killed, and whenever', async () => {
    const [rounds, each] = [6, 4_000];
    const numbers = Array.from({ length: rounds * each }, (_, index) => index + 1);
    await Promise.all([startProcess(), startProcess()]);
    for (let round = 0; round < rounds; round++) {
      await put(round * each + 1, (round + 1) * each);
      await eventually('some are recorded', async () => (await recorded()).length > round * each + 100);
      await Promise.all([running.shift()?.stop('SIGKILL'), startProcess()]);
      await untilDelivered(database);
    }
    expect(await recorded()).toEqual(numbers);
  });
});
