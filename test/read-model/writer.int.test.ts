import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { rootOf } from '../../src/ledger/tiles.js';
import type { Hash, Index, Instant, Position, Revision } from '../../src/ledger/types.js';
import type { Leadership, LedgerBatch, LedgerState } from '../../src/read-model/port.js';
import { LockSession } from '../../src/read-model/lock-session.js';
import { LEDGER } from '../../src/read-model/schema-name.js';
import { openWriter } from '../../src/read-model/writer.js';
import { asSuperuser, createLedgerDatabase, type LedgerDatabase } from '../support/ledger-database.js';
import { eventually } from '../support/ledger-process.js';
import { startProxy, type PostgresProxy } from '../support/postgres-proxy.js';
import { batchOf, fill, leading, uuidOf } from '../support/ledger-filler.js';

let database: LedgerDatabase;
beforeAll(async () => {
  database = await createLedgerDatabase();
});
afterAll(() => database.drop());

/** Takes a trigger away for as long as something runs, as a superuser may. */
const tamper = (sql: string) =>
  asSuperuser(database, (client) =>
    client.query(`SET session_replication_role = replica; ALTER TABLE ledger.entry DISABLE TRIGGER ALL; ${sql};
      ALTER TABLE ledger.entry ENABLE ALWAYS TRIGGER refuse_row;
      ALTER TABLE ledger.entry ENABLE ALWAYS TRIGGER refuse_statement`),
  );

describe('committing', () => {
  it('appends entries that are read back as they were', async () => {
    await leading(database.projectorUrl, async (leadership) => {
      const batch = await batchOf(leadership, [
        { source: 'a', payload: { text: 'ä €\n' } },
        { source: 'b', data: Buffer.of(0, 255, 128), foreignMetadata: Buffer.alloc(0), verdict: 'rejected' },
        {
          source: 'a',
          verdict: 'duplicate',
          metadata: { actor: 'c\u0001', occurredAt: null, recordedBy: null },
        },
        { source: 'c', metadata: { recordedAt: '0001-01-01T00:00:00.000Z' as Instant } },
        { source: 'c', metadata: { recordedAt: '9999-12-31T23:59:59.999Z' as Instant } },
      ]);
      await leadership.commit(batch);
      for (const entry of batch.entries) {
        expect(await leadership.entry(entry.header.index)).toEqual(entry);
        expect(await leadership.entryAt(entry.header.source, entry.header.revision)).toEqual(entry);
      }
      expect(await leadership.state()).toEqual(batch.after);
      const heads = await leadership.sourceHeads(['a', 'b', 'c', 'unknown', 'NUL\0', '\ud800']);
      expect([...heads.values()]).toEqual(batch.sourceHeads);
      expect(await leadership.entry(99 as Index)).toBeNull();
      expect(await leadership.entryAt('a', 99 as Revision)).toBeNull();
    });
  });

  it('moves nothing when the head is not what the batch follows', async () => {
    await leading(database.projectorUrl, async (leadership) => {
      const late = await batchOf(leadership, [{ source: 'late' }]);
      await leadership.commit(await batchOf(leadership, [{ source: 'first' }]));
      const before = await leadership.state();
      await expect(leadership.commit(late)).rejects.toMatchObject({ code: 'fenced' });
      const elsewhere = await batchOf(leadership, [{ source: 'late' }]);
      const others: readonly LedgerState[] = [
        { ...elsewhere.before, position: 'another place' as Position },
        { ...elsewhere.before, head: { ...elsewhere.before.head, hash: 'ab'.repeat(32) as Hash } },
      ];
      for (const other of others) {
        await expect(leadership.commit({ ...elsewhere, before: other })).rejects.toMatchObject({
          code: 'fenced',
        });
      }
      expect(await leadership.state()).toEqual(before);
      expect(await leadership.sourceHeads(['late'])).toEqual(new Map());
    });
  });

  it('keeps the tree through tiles that fill up', async () => {
    await fill(
      database.projectorUrl,
      Array.from({ length: 700 }, () => ({ source: 'tree' })),
      300,
    );
    await leading(database.projectorUrl, async (leadership) => {
      const { head, tree } = await leadership.state();
      expect(tree.size).toBe(head.size);
      expect(tree.partial.map(({ length }) => length / 32)).toEqual([
        head.size % 256,
        Math.floor(head.size / 256),
      ]);
    });
  });

  it('computes the tree from the entries when a tile was changed, and says so', async () => {
    const expected = await leading(database.projectorUrl, (leadership) => leadership.state());
    await asSuperuser(database, (client) =>
      client.query('UPDATE ledger.tile SET hashes = set_byte(hashes, 5, 0) WHERE level = 0 AND index = 2'),
    );
    const warnings: unknown[] = [];
    const logger = {
      info: () => undefined,
      debug: () => undefined,
      warn: (...words: unknown[]) => void warnings.push(words),
    };
    const writer = openWriter({ url: database.projectorUrl, logger });
    const leadership = await writer.lead(new AbortController().signal);
    if (leadership === null) throw new Error('never aborted');
    expect(rootOf((await leadership.state()).tree)).toBe(rootOf(expected.tree));
    expect(warnings).toHaveLength(1);
    await leadership.release();
    await writer.close();
  });

  it('computes the head of a source from its entries when the cache was changed', async () => {
    await fill(database.projectorUrl, [{ source: 'cached' }, { source: 'cached' }]);
    const read = () => leading(database.projectorUrl, (leadership) => leadership.sourceHeads(['cached']));
    const expected = await read();
    await asSuperuser(database, (client) =>
      client.query(
        "UPDATE ledger.source SET last_hash = decode(repeat('ab', 32), 'hex') WHERE source = 'cached'",
      ),
    );
    expect(await read()).toEqual(expected);
    await asSuperuser(database, (client) =>
      client.query("DELETE FROM ledger.source WHERE source = 'cached'"),
    );
    expect(await read()).toEqual(expected);
  });

  it('knows which identities have an entry, whatever its verdict', async () => {
    await fill(database.projectorUrl, [
      { source: 'ids', id: uuidOf(1e6), verdict: 'rejected' },
      { source: 'ids', id: uuidOf(1e6), verdict: 'duplicate' },
    ]);
    await leading(database.projectorUrl, async (leadership) => {
      const known = await leadership.recordedIdentities([
        { source: 'ids', id: uuidOf(1e6) },
        { source: 'ids', id: uuidOf(1e6 + 1) },
        { source: 'others', id: uuidOf(1e6) },
      ]);
      expect(known).toEqual(new Set([`ids\0${uuidOf(1e6)}`]));
    });
  });

  it('gives the accepted registrations of schemas in their order', async () => {
    const registration = { source: '_schemas', type: 'schema.registered' };
    await fill(database.projectorUrl, [
      { ...registration, payload: { type: 'one' } },
      { ...registration, verdict: 'rejected' },
      { source: '_schemas', type: 'something else' },
      { ...registration, payload: { type: 'two' } },
    ]);
    const payloads = await leading(database.projectorUrl, async (leadership) => {
      const found: string[] = [];
      for await (const { data } of leadership.registrations()) found.push(data.toString());
      return found;
    });
    expect(payloads).toEqual(['{"type":"one"}', '{"type":"two"}']);
  });

  it('does not hide that an entry cannot be read', async () => {
    await fill(database.projectorUrl, [{ source: 'broken' }]);
    await tamper("UPDATE ledger.entry SET verdict = 'splendid' WHERE source = 'broken'");
    await leading(database.projectorUrl, async (leadership) => {
      await expect(leadership.entryAt('broken', 0 as Revision)).rejects.toMatchObject({ code: 'internal' });
    });
  });
});

describe('a commit whose session breaks', () => {
  /** A leadership by way of a proxy, and a batch for it. */
  async function behindProxy(): Promise<{
    readonly proxy: PostgresProxy;
    readonly batch: LedgerBatch;
    readonly leadership: Leadership;
    readonly end: () => Promise<void>;
  }> {
    const proxy = await startProxy(database.projectorUrl);
    const writer = openWriter({ url: proxy.url });
    const leadership = await writer.lead(new AbortController().signal);
    if (leadership === null) throw new Error('never aborted');
    const batch = await batchOf(leadership, [{ source: 'doubtful' }]);
    const end = async (): Promise<void> => {
      await leadership.release();
      await writer.close();
      await proxy.close();
    };
    return { proxy, batch, leadership, end };
  }
  const stateNow = (): Promise<LedgerState> =>
    leading(database.projectorUrl, (leadership) => leadership.state());

  it('has happened wholly when the answer alone was lost', async () => {
    const { proxy, batch, leadership, end } = await behindProxy();
    proxy.deafen();
    const commit = leadership.commit(batch);
    commit.catch(() => undefined);
    await eventually('the commit', () =>
      asSuperuser(database, async (client) => {
        const { rowCount } = await client.query("SELECT FROM ledger.source WHERE source = 'doubtful'");
        return rowCount === 1;
      }),
    );
    proxy.heal();
    await expect(commit).rejects.toMatchObject({ code: 'store-unavailable' });
    expect(leadership.lost.aborted).toBe(true);
    expect(await stateNow()).toEqual(batch.after);
    await end();
  });

  it('has not happened at all when it never arrived', async () => {
    const { proxy, batch, leadership, end } = await behindProxy();
    proxy.freeze();
    const commit = leadership.commit(batch);
    commit.catch(() => undefined);
    proxy.heal();
    await expect(commit).rejects.toMatchObject({ code: 'store-unavailable' });
    expect(await stateNow()).toEqual(batch.before);
    await end();
  });
});

describe('leading', () => {
  it('is for one at a time, and passes on when the session ends', async () => {
    const first = openWriter({ url: database.projectorUrl });
    const second = openWriter({ url: database.projectorUrl });
    const stop = new AbortController();
    const leader = await first.lead(stop.signal);
    let followed = false;
    const taken = vi.fn();
    const follower = second.lead(stop.signal, taken).then((leadership) => {
      followed = true;
      return leadership;
    });
    // it has asked several times then, and is told that it waits for another one
    await vi.waitFor(() => expect(taken).toHaveBeenCalled(), { timeout: 10_000, interval: 20 });
    await leader?.state();
    expect(followed).toBe(false);
    await leader?.release();
    await (await follower)?.release();
    expect(taken).toHaveBeenCalledTimes(1);
    await Promise.all([first.close(), second.close()]);
  });

  it('ends without error when aborted while it waits', async () => {
    await leading(database.projectorUrl, async () => {
      const waiting = openWriter({ url: database.projectorUrl });
      const stop = new AbortController();
      const leadership = waiting.lead(stop.signal);
      stop.abort();
      expect(await leadership).toBeNull();
      await waiting.close();
    });
  });

  it('shows that it is alive, and is ended by the server when it is not', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const query = vi.spyOn(pg.Client.prototype, 'query');
    try {
      const session = await LockSession.open(database.projectorUrl, LEDGER, new AbortController().signal);
      if (session === null) throw new Error('never aborted');
      for (const setting of ['idle_session_timeout', 'idle_in_transaction_session_timeout']) {
        const { rows } = await session.run((client) => client.query(`SHOW ${setting}`));
        expect(rows).toEqual([{ [setting]: '30s' }]);
      }
      query.mockClear();
      vi.advanceTimersByTime(10_000);
      await session.close();
      expect(query).toHaveBeenCalledWith(expect.objectContaining({ text: 'SELECT 1' }));
    } finally {
      query.mockRestore();
      vi.useRealTimers();
    }
  });

  it('says that it is lost when the server ends the session, and commits nothing after', async () => {
    const writer = openWriter({ url: database.projectorUrl });
    const leadership = await writer.lead(new AbortController().signal);
    if (leadership === null) throw new Error('never aborted');
    const batch = await batchOf(leadership, [{ source: 'too late' }]);
    const lost = new Promise((resolve) => leadership.lost.addEventListener('abort', resolve));
    await asSuperuser(database, (client) =>
      client.query(`SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_stat_activity USING (pid)
        WHERE locktype = 'advisory' AND datname = current_database()`),
    );
    await lost;
    await expect(leadership.commit(batch)).rejects.toMatchObject({ code: 'store-unavailable' });
    await leadership.release();
    await writer.close();
  });

  it('is refused to a database of another version', async () => {
    const other = await createLedgerDatabase();
    await asSuperuser(other, (client) =>
      client.query("INSERT INTO ledger_migrations.migration (name, run_on) VALUES ('9999_later', now())"),
    );
    const writer = openWriter({ url: other.projectorUrl });
    await expect(writer.lead(new AbortController().signal)).rejects.toMatchObject({ code: 'schema-version' });
    await writer.close();
    await other.drop();
  });
});

describe('the rights of the projector', () => {
  it.each([
    'UPDATE ledger.entry SET data = data',
    'DELETE FROM ledger.entry',
    'TRUNCATE ledger.entry',
    'DELETE FROM ledger.head',
    'DELETE FROM ledger.source',
    'DELETE FROM ledger.tile',
    'UPDATE ledger.origin SET origin = origin',
    'INSERT INTO event_log.event (source, id, type, data, metadata) VALUES (NULL, NULL, NULL, NULL, NULL)',
    'UPDATE event_log.counter SET position = 0',
    'ALTER TABLE ledger.entry DISABLE TRIGGER ALL',
    'CREATE TABLE ledger.other ()',
  ])('do not extend to %s', async (statement) => {
    for (const url of [database.projectorUrl, database.allUrl, database.apiUrl, database.readerUrl]) {
      if (statement.startsWith('INSERT INTO event_log') && url !== database.projectorUrl) continue;
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      await expect(client.query(statement)).rejects.toMatchObject({ code: '42501' });
      await client.end();
    }
  });

  it.each(['UPDATE ledger.entry SET data = data', 'DELETE FROM ledger.entry', 'TRUNCATE ledger.entry'])(
    'and not even the owner may %s',
    async (statement) => {
      await expect(
        asSuperuser(database, async (client) => {
          await client.query(
            `GRANT ALL ON ledger.entry TO ${database.name}_owner; SET ROLE ${database.name}_owner`,
          );
          await client.query(statement);
        }),
      ).rejects.toThrow('append-only');
    },
  );
});
