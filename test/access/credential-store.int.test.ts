import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Doer } from '../../src/access/access-event.js';
import type { WantedCredential } from '../../src/access/credential.js';
import type { CredentialRegister, CredentialStore } from '../../src/access/port.js';
import { openCredentialRegister } from '../../src/access/postgres/register.js';
import { openCredentialStore, type CredentialStoreOptions } from '../../src/access/postgres/store.js';
import { hashOfPassword, hashOfSecret, parseKey } from '../../src/access/secret.js';
import { asSuperuser, createLedgerDatabase, type LedgerDatabase } from '../support/ledger-database.js';
import { startProxy } from '../support/postgres-proxy.js';

const WITHIN_A_SECOND = { timeout: 1_000, interval: 5 };
const HOUR_MS = 3_600_000;
const BY: Doer = { recordedBy: 'somebody', actor: null, context: { requestId: 'r' } };

let database: LedgerDatabase;
let register: CredentialRegister;
beforeAll(async () => {
  database = await createLedgerDatabase();
  register = openCredentialRegister({ url: database.adminUrl });
});
afterAll(async () => {
  await register.close();
  await database.drop();
});

const stores: CredentialStore[] = [];
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
});

/** As an API process has it. */
async function openStore(
  options: Partial<CredentialStoreOptions> & { readonly log?: string[] } = {},
): Promise<CredentialStore> {
  const { log = [], ...others } = options;
  const note = (...parts: readonly unknown[]): void => void log.push(JSON.stringify(parts));
  const store = openCredentialStore({
    url: database.apiUrl,
    logger: { warn: note, info: note },
    ...others,
  });
  stores.push(store);
  await store.ready(5_000);
  return store;
}

let counter = 0;
function wanted(members: Partial<WantedCredential> = {}): WantedCredential {
  counter += 1;
  const writer = { name: `service-${counter}`, roles: ['writer'], sources: ['billing.*'] } as const;
  return { ...writer, kind: 'key', lifetimeMs: null, ...members };
}

describe('a credential', () => {
  it('is known to every process within a second, and within a second no more once it was revoked', async () => {
    const [one, other] = [await openStore(), await openStore()];
    const { credential } = await register.add(wanted(), BY);
    for (const store of [one, other]) {
      await expect
        .poll(() => store.key(credential.id)?.principal, WITHIN_A_SECOND)
        .toEqual({
          name: credential.name,
          roles: ['writer'],
          sources: ['billing.*'],
        });
    }
    await register.revoke(credential.id, BY);
    for (const store of [one, other]) {
      await expect.poll(() => store.key(credential.id), WITHIN_A_SECOND).toBe(null);
    }
  });

  it('is stored without what it proves', async () => {
    const key = await register.add(wanted(), BY);
    const password = await register.add(wanted({ kind: 'password' }), BY);
    const { id, secret } = parseKey(key.secret) ?? { id: '', secret: '' };
    expect(id).toBe(key.credential.id);
    const rows = await asSuperuser(database, async (client) => {
      const result = await client.query<{ id: string; hash: Buffer; salt: Buffer | null; all: string }>(
        'SELECT id, hash, salt, c::text AS all FROM access.credential AS c WHERE id = ANY($1) ORDER BY kind',
        [[key.credential.id, password.credential.id]],
      );
      return result.rows;
    });
    expect(rows.map(({ hash }) => hash)).toEqual([
      hashOfSecret(secret),
      await hashOfPassword(password.secret, rows[1]?.salt ?? Buffer.alloc(0)),
    ]);
    for (const told of [JSON.stringify(rows), JSON.stringify(await register.list())]) {
      expect(told).not.toContain(secret);
      expect(told).not.toContain(password.secret);
    }
    expect(JSON.stringify(await register.list())).not.toMatch(/hash|salt/);
  });

  it('is refused when it cannot be, with a reason', async () => {
    const refused: readonly (readonly [Partial<WantedCredential>, RegExp])[] = [
      [{ name: 'admin' }, /LEDGER_ADMIN_PASSWORD/],
      [{ name: 'a:b' }, /colon/],
      [{ name: '' }, /must not be empty/],
      [{ name: 'x'.repeat(513) }, /512 bytes/],
      [{ roles: [] }, /^the roles must have one at least/],
      [{ sources: [] }, /'billing\.\*'/],
      [{ roles: ['reader'], sources: [] }, /^the sources must be given/],
      [{ roles: ['auditor'] }, /^the sources must not be given: they are what a writer writes to/],
      [{ sources: ['a', 'b*g'] }, /^the source 'b\*g' must have its star at the end/],
      [{ sources: ['_schemas'] }, /nobody writes to those/],
      [{ sources: ['$all'] }, /must not begin with/],
    ];
    for (const [members, message] of refused) {
      await expect(register.add(wanted(members), BY)).rejects.toMatchObject({
        code: 'invalid-input',
        message: expect.stringMatching(message) as string,
      });
    }
    const { name } = (await register.add(wanted({ kind: 'password' }), BY)).credential;
    await expect(register.add(wanted({ name, kind: 'password' }), BY)).rejects.toThrow(
      'has a password already',
    );
    await expect(register.revoke('000000000000', BY)).rejects.toMatchObject({ code: 'invalid-input' });
  });

  it('has another secret when it is rotated, and the old one ends at once, or after the overlap', async () => {
    const { credential } = await register.add(wanted({ lifetimeMs: HOUR_MS }), BY);
    const second = (await register.rotate(credential.id, 0, BY)).credential;
    const third = (await register.rotate(second.id, 60_000, BY)).credential;
    expect([second.name, second.sources]).toEqual([credential.name, credential.sources]);
    const all = await register.list();
    const [first, overlapping, last] = [credential, second, third].map((each) =>
      all.find(({ id }) => id === each.id),
    );
    expect(first?.revokedAt).toBeInstanceOf(Date);
    expect(overlapping?.revokedAt).toBe(null);
    expect(Number(overlapping?.expiresAt) - Number(last?.createdAt)).toBe(60_000);
    expect(Number(last?.expiresAt) - Number(last?.createdAt)).toBe(HOUR_MS);
    await expect(register.rotate(credential.id, 0, BY)).rejects.toThrow('was revoked');
    const password = (await register.add(wanted({ kind: 'password' }), BY)).credential;
    await expect(register.rotate(password.id, 1, BY)).rejects.toThrow('cannot overlap');
    expect((await register.rotate(password.id, 0, BY)).credential.name).toBe(password.name);
  });

  it('says when it was used last, which is no reason for anybody to read the table again', async () => {
    const { credential } = await register.add(wanted(), BY);
    const store = await openStore({ flushMs: 20 });
    await asSuperuser(database, async (client) => {
      let told = 0;
      client.on('notification', () => (told += 1));
      await client.query('LISTEN access_credential');
      const start = Date.now();
      store.used(credential.id);
      await expect
        .poll(async () =>
          (await register.list()).find(({ id }) => id === credential.id)?.lastUsedAt?.getTime(),
        )
        .toBeGreaterThanOrEqual(start);
      await register.revoke(credential.id, BY);
      await expect.poll(() => told).toBe(1);
    });
  });

  it('has its last use written down when the process ends, too', async () => {
    const { credential } = await register.add(wanted(), BY);
    const store = await openStore();
    store.used(credential.id);
    await store.close();
    const after = (await register.list()).find(({ id }) => id === credential.id);
    expect(after?.lastUsedAt).toBeInstanceOf(Date);
  });
});

describe('while PostgreSQL is away', () => {
  it('what is known stays, is said once, and what changed is known as soon as it is back', async () => {
    const { credential } = await register.add(wanted(), BY);
    const log: string[] = [];
    const store = await openStore({ log });
    expect(store.key(credential.id)).not.toBe(null);
    await asSuperuser(database, async (client) => {
      // nobody gets in any more, and who is in gets out
      await client.query(`ALTER DATABASE ${database.name} CONNECTION LIMIT 0`);
      await client.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE application_name = 'event-ledger credentials' AND datname = current_database()`,
      );
    });
    await expect.poll(() => log.length).toBe(1);
    expect(log[0]).toContain('those that are known stay');
    expect(store.key(credential.id)).not.toBe(null);
    await asSuperuser(database, async (client) => {
      await client.query('UPDATE access.credential SET revoked_at = now() WHERE id = $1', [credential.id]);
      await client.query(`ALTER DATABASE ${database.name} CONNECTION LIMIT -1`);
    });
    await expect.poll(() => store.key(credential.id)).toBe(null);
    expect(log.slice(1).join('\n')).toContain('credentials are read again');
  });

  it('a server that hangs keeps nobody from stopping', async () => {
    const proxy = await startProxy(database.apiUrl);
    const store = await openStore({ url: proxy.url });
    proxy.freeze();
    // so that there is something to write
    store.used('0123456789ab');
    const start = performance.now();
    await store.close();
    expect(performance.now() - start).toBeLessThan(2_500);
    await proxy.close();
  });

  it('one that was never reached knows that it does not know', async () => {
    const log: string[] = [];
    const store = openCredentialStore({
      url: 'postgres://a:b@127.0.0.1:9/c',
      logger: { warn: (...parts: unknown[]) => void log.push(JSON.stringify(parts)), info: () => undefined },
    });
    stores.push(store);
    await store.ready(50);
    expect([store.known, store.key('000000000000')]).toEqual([false, null]);
  });
});

describe('a login without the right', () => {
  it('knows of no credentials, and says so once', async () => {
    const { credential } = await register.add(wanted(), BY);
    const log: string[] = [];
    const store = await openStore({ url: database.allUrl, log });
    expect([store.known, store.key(credential.id)]).toEqual([true, null]);
    expect(log).toEqual([expect.stringContaining('--grant LOGIN=credentials')]);
  });

  it('may neither read nor change them, whatever it may of the ledger', async () => {
    for (const url of [database.readerUrl, database.projectorUrl, database.allUrl]) {
      const refused = openCredentialRegister({ url });
      await expect(refused.list()).rejects.toMatchObject({ code: 'access-denied' });
      await expect(refused.add(wanted(), BY)).rejects.toMatchObject({ code: 'access-denied' });
      await refused.close();
    }
  });
});
