import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asSuperuser, createLedgerDatabase, type LedgerDatabase } from '../support/ledger-database.js';
import {
  COMMAND,
  commandEnvironment,
  eventually,
  runCommand,
  startLedger,
  temporaryFolder,
  type LedgerProcess,
} from '../support/ledger-process.js';
import { LOGS, type TestLog } from '../support/logs.js';
import { startServer, type TestServer } from '../support/postgres.js';

interface Rebuilt {
  readonly same: boolean;
  readonly old: { readonly size: number; readonly hash: string };
  readonly rebuilt: { readonly size: number; readonly hash: string };
  readonly differences: readonly { readonly index: number; readonly columns: readonly string[] }[];
  readonly lacking: number;
  readonly surplus: number;
  readonly oldKeptAs: string | null;
}

describe.each(LOGS)('event-ledger rebuild, from a log in $name', (kind) => {
  let server: TestServer;
  let log: TestLog;
  let database: LedgerDatabase;
  let settings: Record<string, string>;

  beforeAll(async () => {
    server = await startServer();
    database = await createLedgerDatabase(server.superuserUrl);
    log = await kind.start();
    settings = {
      DATABASE_URL: database.allUrl,
      DATABASE_ADMIN_URL: database.adminUrl,
      ...log.settings,
    };
    await withLedger(async (ledger) => {
      const lines = Array.from({ length: 300 }, (_, n) =>
        JSON.stringify({
          source: `source-${n % 3}`,
          type: 'user.login',
          payload: n % 4 === 0 ? n : { userId: `u-${n}` },
        }),
      ).join('\n');
      const headers = { 'content-type': 'application/x-ndjson', prefer: 'handling=lenient' };
      const { status } = await ledger.request('/v1/events', { method: 'POST', headers, body: lines });
      expect(status).toBe(202);
      await eventually('the projector to catch up', async () => {
        const health = await ledger.json<{ lag: { seconds: number } }>('/health');
        return health.lag.seconds === 0;
      });
    });
  });

  afterAll(async () => {
    await log.close();
    await database.drop();
    await server.remove();
  });

  async function withLedger(work: (ledger: LedgerProcess) => Promise<void>): Promise<void> {
    const ledger = await startLedger(settings);
    try {
      await work(ledger);
    } finally {
      await ledger.stop();
    }
  }

  async function rebuild(...args: readonly string[]): Promise<{ code: number | null; result: Rebuilt }> {
    const { code, stdout, stderr } = await runCommand(['rebuild', '--json', ...args], settings);
    expect(stderr).toBe('');
    return { code, result: JSON.parse(stdout) as Rebuilt };
  }

  /** As an attacker who owns the database. */
  async function tamper(statement: string): Promise<void> {
    await asSuperuser(database, async (client) => {
      const triggers = (state: string): string =>
        `ALTER TABLE ledger.entry ${state} TRIGGER refuse_row, ${state} TRIGGER refuse_statement`;
      await client.query(`BEGIN; ${triggers('DISABLE')}; ${statement}; ${triggers('ENABLE ALWAYS')}; COMMIT`);
    });
  }

  it('the log gives the same head hash again', async () => {
    const { code, result } = await rebuild();
    expect(code).toBe(0);
    expect(result).toMatchObject({ same: true, differences: [], lacking: 0, surplus: 0 });
    expect(result.rebuilt).toEqual(result.old);
    expect(result.rebuilt.size).toBeGreaterThan(300);
  });

  it('where there is no ledger it makes none, and says where it looked', async () => {
    const folder = await temporaryFolder();
    try {
      const data = `${folder.path}/typo`;
      const { code, stderr } = await runCommand(['rebuild'], { LEDGER_DATA: data });
      expect(code).toBe(2);
      expect(stderr).toContain(`there is no ledger in ${data}`);
      expect(existsSync(data)).toBe(false);
    } finally {
      await folder.remove();
    }
  });

  it('stopped in the midst of it, it leaves nothing beside the ledger', async () => {
    const command = spawn(process.execPath, [COMMAND, 'rebuild'], {
      env: commandEnvironment(settings),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const ended = once(command, 'exit') as Promise<[number | null]>;
    const said = text(command.stderr);
    await eventually('the rebuild has begun', rebuildExists, 30_000);
    command.kill('SIGINT');
    expect((await ended)[0]).toBe(0);
    expect(await said).toContain('stopped');
    expect(await rebuildExists()).toBe(false);
  });

  function rebuildExists(): Promise<boolean> {
    return asSuperuser(database, async (client) => {
      const { rows } = await client.query(`SELECT FROM pg_namespace WHERE nspname = 'ledger_rebuild'`);
      return rows.length > 0;
    });
  }

  it('after one tampered row it says where the two differ, and swaps the right one in when asked to', async () => {
    await tamper(`UPDATE ledger.entry SET actor = 'somebody else' WHERE index = 120`);
    const found = await rebuild();
    expect(found.code).toBe(1);
    expect(found.result.differences).toEqual([expect.objectContaining({ index: 120, columns: ['actor'] })]);

    const swapped = await rebuild('--swap');
    expect(swapped.code).toBe(1);
    expect(swapped.result.oldKeptAs).toMatch(/^ledger_\d{14}$/);
    expect((await rebuild()).code).toBe(0);
    const { size } = swapped.result.rebuilt;
    await withLedger(async (ledger) => {
      expect(await ledger.json('/v1/verify')).toMatchObject({ intact: true, size });
      // which is an entry itself
      await eventually('the verification to be recorded', async () => {
        const head = await ledger.json<{ size: number }>('/v1/head');
        return head.size === size + 1;
      });
    });
  });

  it('a head that is altered alone is not the same', async () => {
    await tamper(`UPDATE ledger.head SET hash = decode(repeat('ab', 32), 'hex')`);
    const { code, result } = await rebuild();
    await tamper('UPDATE ledger.head SET hash = (SELECT hash FROM ledger.entry WHERE index = size - 1)');
    expect(code).toBe(1);
    expect(result).toMatchObject({ same: false, differences: [], lacking: 0, surplus: 0 });
  });

  it('an entry that was removed is named', async () => {
    await tamper('DELETE FROM ledger.entry WHERE index = 60');
    const { code, result } = await rebuild();
    expect(code).toBe(1);
    expect(result.differences).toEqual([expect.objectContaining({ index: 60, columns: [] })]);
  });

  it('an entry at the end that the log has no event for is counted', async () => {
    const others = 'source, type, verdict, recorded_at, content, previous, hash, data, metadata';
    await tamper(`INSERT INTO ledger.entry (index, id, revision, ${others})
        SELECT size, gen_random_uuid(), 7000, ${others} FROM ledger.entry, (SELECT size FROM ledger.head) AS head
        WHERE index = 120;
      UPDATE ledger.head SET size = size + 1`);
    const { code, result } = await rebuild();
    expect(code).toBe(1);
    expect(result).toMatchObject({ same: false, surplus: 1, lacking: 0 });
  });
});
