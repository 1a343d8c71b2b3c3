import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Doer } from '../../src/access/access-event.js';
import type { WantedCredential } from '../../src/access/credential.js';
import type { CredentialRegister } from '../../src/access/port.js';
import { openCredentialRegister } from '../../src/access/postgres/register.js';
import { parseKey } from '../../src/access/secret.js';
import { withParts } from '../support/database.js';
import { asSuperuser, createLedgerDatabase, type LedgerDatabase } from '../support/ledger-database.js';

const BY: Doer = { recordedBy: 'an admin', actor: 'somebody', context: { requestId: 'r-1' } };
const HOUR_MS = 3_600_000;
const WANTED: WantedCredential = {
  ...{ name: 'billing', roles: ['writer'], sources: ['billing.*'], kind: 'key' },
  lifetimeMs: HOUR_MS,
};

let database: LedgerDatabase;
let register: CredentialRegister;
beforeAll(async () => {
  database = await createLedgerDatabase();
  register = openCredentialRegister({ url: database.apiUrl });
});
beforeEach(() => asSuperuser(database, (client) => client.query('DELETE FROM access.outbox')));
afterAll(async () => {
  await register.close();
  await database.drop();
});

interface Waiting {
  readonly type: string;
  readonly payload: Record<string, unknown>;
  readonly all: string;
}

/** What waits to be recorded, in its order. */
function outbox(): Promise<readonly Waiting[]> {
  return asSuperuser(database, async (client) => {
    const { rows } = await client.query<Waiting>(
      'SELECT type, payload, recorded_by, actor, context, o::text AS all FROM access.outbox AS o ORDER BY position',
    );
    return rows;
  });
}

describe('a change of a credential', () => {
  it('is committed with the event that tells of it, and of who did it', async () => {
    const first = (await register.add(WANTED, BY)).credential;
    const second = (await register.rotate(first.id, 60_000, BY)).credential;
    const last = (await register.rotate(second.id, 0, BY)).credential;
    await register.revoke(last.id, BY);
    const facts = { name: 'billing', kind: 'key', roles: ['writer'], sources: ['billing.*'] };
    const told = ({ id, expiresAt }: typeof first): object => ({
      ...{ id, ...facts },
      expiresAt: expiresAt?.toISOString(),
    });
    const context = { requestId: 'r-1', databaseLogin: `${database.name}_api_login` };
    const who = { recorded_by: 'an admin', actor: 'somebody', context };
    const until: unknown = expect.stringMatching(/^2\d{3}-.*Z$/);
    expect((await outbox()).map(({ all: _all, ...row }) => row)).toEqual([
      { type: 'credential.added', payload: told(first), ...who },
      {
        type: 'credential.rotated',
        payload: { ...told(second), replaces: { id: first.id, until } },
        ...who,
      },
      {
        type: 'credential.rotated',
        payload: { ...told(last), replaces: { id: second.id, until } },
        ...who,
      },
      { type: 'credential.revoked', payload: told(last), ...who },
    ]);
  });

  it('is told of without any secret, or what a secret is compared with', async () => {
    const key = await register.add(WANTED, BY);
    const password = await register.add({ ...WANTED, kind: 'password' }, BY);
    const rows = await asSuperuser(database, async (client) => {
      const result = await client.query<{ hash: Buffer; salt: Buffer | null }>(
        'SELECT hash, salt FROM access.credential',
      );
      return result.rows;
    });
    const secrets = [
      ...[parseKey(key.secret)?.secret ?? '', password.secret],
      ...rows.flatMap(({ hash, salt }) => [hash, salt ?? []].flat()).flatMap(formsOf),
    ];
    const told = JSON.stringify(await outbox());
    expect(secrets.filter((secret) => secret === '' || told.includes(secret))).toEqual([]);
    await register.revoke(password.credential.id, BY);
  });

  it('that is none, or fails, is not told of', async () => {
    const { id } = (await register.add({ ...WANTED, kind: 'password' }, BY)).credential;
    await expect(register.add({ ...WANTED, kind: 'password' }, BY)).rejects.toThrow('a password already');
    await expect(register.rotate(id, 1, BY)).rejects.toThrow('cannot overlap');
    await register.revoke(id, BY);
    await register.revoke(id, BY);
    expect((await outbox()).map(({ type }) => type)).toEqual(['credential.added', 'credential.revoked']);
  });

  it('is told of once, however many revoke at once', async () => {
    const { id } = (await register.add(WANTED, BY)).credential;
    const others = [1, 2, 3].map(() => openCredentialRegister({ url: database.apiUrl }));
    await Promise.all(others.map((other) => other.revoke(id, BY)));
    await Promise.all(others.map((other) => other.close()));
    expect((await outbox()).map(({ type }) => type)).toEqual(['credential.added', 'credential.revoked']);
  });

  it('that cannot be told of is not made', async () => {
    await asSuperuser(database, (client) => client.query('ALTER TABLE access.outbox RENAME TO away'));
    try {
      const before = await register.list();
      await expect(register.add(WANTED, BY)).rejects.toThrow('outbox');
      expect(await register.list()).toEqual(before);
    } finally {
      await asSuperuser(database, (client) => client.query('ALTER TABLE access.away RENAME TO outbox'));
    }
  });

  it('is by no principal that is called as the program is', async () => {
    for (const name of ['event-ledger', 'event-ledger credential'])
      await expect(register.add({ ...WANTED, name }, BY)).rejects.toThrow('so the program calls itself');
  });

  it('has no more sources than its event can name', async () => {
    const sources = Array.from({ length: 201 }, (_, index) => `source-${index}`);
    await expect(register.add({ ...WANTED, sources }, BY)).rejects.toThrow('200 at most');
  });

  it('has each role once: an event of thousands is too large for the log, and nothing would tell of them', async () => {
    const roles = Array.from({ length: 32_000 }, () => 'admin' as const);
    await expect(register.add({ ...WANTED, roles, sources: [] }, BY)).rejects.toThrow('must be given once');
  });
});

describe('what waits to be recorded', () => {
  it('is written, too, by a login that may change credentials, and nothing else', async () => {
    const [user, password] = [`${database.name}_credentials_login`, 'of the test'];
    await asSuperuser(database, async (client) => {
      await client.query(`CREATE ROLE ${user} LOGIN PASSWORD '${password}'`);
      await client.query(`GRANT ${database.name}_credentials TO ${user}`);
    });
    const alone = openCredentialRegister({ url: withParts(database.apiUrl, { user, password }) });
    try {
      const { credential } = await alone.add(WANTED, BY);
      await alone.revoke(credential.id, BY);
    } finally {
      await alone.close();
    }
    expect((await outbox()).map(({ type }) => type)).toEqual(['credential.added', 'credential.revoked']);
  });

  it('can be altered by no process, and seen by API processes alone', async () => {
    await register.add(WANTED, BY);
    const may = async (url: string): Promise<Record<string, boolean>> => {
      const user = new URL(url).username;
      return asSuperuser(database, async (client) => {
        const { rows } = await client.query<Record<string, boolean>>(
          `SELECT ${['SELECT', 'INSERT', 'DELETE', 'UPDATE', 'TRUNCATE']
            .map((right) => `has_table_privilege($1, 'access.outbox', '${right}') AS "${right}"`)
            .join(', ')}`,
          [user],
        );
        return rows[0] ?? {};
      });
    };
    const none = { SELECT: false, INSERT: false, DELETE: false, UPDATE: false, TRUNCATE: false };
    expect(await may(database.apiUrl)).toEqual({ ...none, SELECT: true, INSERT: true, DELETE: true });
    expect(await may(database.readerUrl)).toEqual(none);
    expect(await may(database.projectorUrl)).toEqual(none);
  });
});

function formsOf(bytes: Buffer): readonly string[] {
  return [bytes.toString('hex'), bytes.toString('base64').replace(/=+$/, ''), bytes.toString('base64url')];
}
