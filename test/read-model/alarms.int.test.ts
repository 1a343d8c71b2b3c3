import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Instant } from '../../src/ledger/types.js';
import type { Alarm, Leadership, LedgerReader, LedgerWriter } from '../../src/read-model/port.js';
import { createRebuild, REBUILD, swapRebuild } from '../../src/read-model/rebuild.js';
import { openReader } from '../../src/read-model/reader.js';
import { openWriter } from '../../src/read-model/writer.js';
import { asSuperuser, createLedgerDatabase, type LedgerDatabase } from '../support/ledger-database.js';
import { batchOf, leading } from '../support/ledger-filler.js';

let database: LedgerDatabase;
let reader: LedgerReader;
beforeEach(async () => {
  database = await createLedgerDatabase();
  reader = openReader({ url: database.readerUrl });
});
afterEach(async () => {
  await reader.close();
  await database.drop();
});

function alarm(parts: Partial<Alarm> = {}): Alarm {
  const since = '2026-11-20T10:00:00.123Z' as Instant;
  return { code: 'log-truncated', source: 'billing', place: 'position 7', since, detail: 'd', ...parts };
}

const keep = (alarms: readonly Alarm[]): Promise<readonly Alarm[]> =>
  leading(database.projectorUrl, (leadership) => leadership.keepAlarms(alarms));

describe('alarms', () => {
  it('are kept as they were raised, and shown newest first', async () => {
    const later = alarm({ source: null, since: '2026-11-21T00:00:00.000Z' as Instant });
    expect(await keep([alarm(), later])).toEqual([alarm(), later]);
    expect(await reader.alarms()).toEqual([later, alarm()]);
  });

  it('are kept once for each cause, as they were the first time', async () => {
    await keep([alarm()]);
    const others = [
      alarm({ code: 'x' }),
      alarm({ source: 'b' }),
      alarm({ place: '' }),
      alarm({ source: null }),
    ];
    expect(await keep([alarm({ detail: 'again' }), ...others])).toEqual(others);
    expect(await reader.alarms()).toHaveLength(5);
    expect((await reader.alarms()).map(({ detail }) => detail)).not.toContain('again');
  });

  it('are shown up to 1,000', async () => {
    await keep(Array.from({ length: 2_500 }, (_, n) => alarm({ place: `${n}` })));
    expect(await reader.alarms()).toHaveLength(1_000);
  });

  it('about another log are over when the ledger has gone on from the size that they name', async () => {
    const diverged = alarm({ code: 'log-diverged', source: null, place: 'size 0' });
    await keep([diverged, alarm()]);
    expect(await reader.alarms()).toContainEqual(diverged);
    await leading(database.projectorUrl, async (leadership: Leadership) =>
      leadership.commit(await batchOf(leadership, [{}])),
    );
    expect(await reader.alarms()).toEqual([alarm()]);
  });

  it('stay when the ledger is swapped for a rebuilt one', async () => {
    await keep([alarm()]);
    const old = await reader.head();
    await createRebuild(database.adminUrl);
    const writer: LedgerWriter = openWriter({ url: database.adminUrl, schema: REBUILD });
    const leadership = await writer.lead(new AbortController().signal);
    await leadership?.keepAlarms([alarm({ detail: 'found again' }), alarm({ place: 'new' })]);
    await leadership?.release();
    await writer.close();
    await swapRebuild(database.adminUrl, { old, rebuilt: old }, new Date());
    expect((await reader.alarms()).map(({ place, detail }) => [place, detail]).sort()).toEqual([
      ['new', 'd'],
      ['position 7', 'found again'],
    ]);
    expect(await reader.selfCheck()).toEqual({ checked: true, findings: [] });
  });
});

describe('what is kept of alarms', () => {
  const CHANGES = [
    "UPDATE ledger.alarm SET detail = ''",
    'DELETE FROM ledger.alarm',
    'TRUNCATE ledger.alarm',
  ];

  it.each([...CHANGES, "INSERT INTO ledger.alarm VALUES ('c', '', '', now(), '')"])(
    'is not changed by any login that serves or projects: %s',
    async (statement) => {
      await keep([alarm()]);
      for (const url of [database.readerUrl, database.apiUrl, database.projectorUrl]) {
        if (statement.startsWith('INSERT') && url === database.projectorUrl) continue;
        const client = new pg.Client({ connectionString: url });
        await client.connect();
        await expect(client.query(statement)).rejects.toMatchObject({ code: '42501' });
        await client.end();
      }
    },
  );

  it.each(CHANGES)('is not changed by the tables’ owner: %s', async (statement) => {
    await keep([alarm()]);
    await expect(
      asSuperuser(database, (client) => client.query(`SET ROLE ${database.name}_owner; ${statement}`)),
    ).rejects.toMatchObject({ code: '42501' });
  });
});
