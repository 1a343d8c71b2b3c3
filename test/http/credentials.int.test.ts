import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CredentialRegister, CredentialStore, IssuedCredential } from '../../src/access/port.js';
import { openCredentialRegister } from '../../src/access/postgres/register.js';
import { openCredentialStore } from '../../src/access/postgres/store.js';
import type { WantedCredential } from '../../src/access/credential.js';
import { hashOfPassword } from '../../src/access/secret.js';
import { singleUser, withCredentials } from '../../src/http/authentication.js';
import {
  AUTHORIZATION,
  basic,
  event,
  PASSWORD,
  startApi,
  type Answer,
  type TestApi,
} from '../support/api.js';
import { asSuperuser, createLedgerDatabase, type LedgerDatabase } from '../support/ledger-database.js';

const WITHIN_A_SECOND = { timeout: 1_000, interval: 5 };

const BY = { recordedBy: 'somebody', actor: null, context: null };

const bearer = (key: string): string => `Bearer ${key}`;

/** An API process as app.ts wires it, as far as its credentials go. */
interface Process {
  readonly api: TestApi;
  readonly store: CredentialStore;
  /** passwords that it went through scrypt for */
  readonly hashed: string[];
  close(): Promise<void>;
}

const logged: string[] = [];

async function startProcess(database: LedgerDatabase, project: boolean): Promise<Process> {
  const hashed: string[] = [];
  const note = (...parts: readonly unknown[]): void => void logged.push(JSON.stringify(parts));
  const store = openCredentialStore({ url: database.apiUrl, logger: { warn: note, info: note } });
  const authenticator = withCredentials(singleUser('admin', PASSWORD), store, (password, salt) => {
    hashed.push(password);
    return hashOfPassword(password, salt);
  });
  const api = await startApi({
    database,
    project,
    server: { authenticator },
    onLog: (line) => logged.push(line),
  });
  await store.ready(5_000);
  return {
    ...{ api, store, hashed },
    async close() {
      await api.close();
      await store.close();
    },
  };
}

let database: LedgerDatabase;
let register: CredentialRegister;
let one: Process;
let other: Process;
beforeAll(async () => {
  database = await createLedgerDatabase();
  register = openCredentialRegister({ url: database.adminUrl });
  one = await startProcess(database, true);
  other = await startProcess(database, false);
});
afterAll(async () => {
  await Promise.all([one.close(), other.close()]);
  await register.close();
  await database.drop();
});

let counter = 0;
/** Made, and known to both processes. */
async function issue(members: Partial<WantedCredential> = {}): Promise<IssuedCredential> {
  counter += 1;
  const auditor = { name: `auditor-${counter}`, roles: ['auditor'], sources: [] } as const;
  const issued = await register.add({ ...auditor, kind: 'key', lifetimeMs: null, ...members }, BY);
  const { id, name, kind } = issued.credential;
  for (const { store } of [one, other]) {
    const known = (): string | undefined => (kind === 'key' ? store.key(id) : store.password(name))?.id;
    await expect.poll(known, WITHIN_A_SECOND).toBe(id);
  }
  return issued;
}

function ask({ api }: Process, authorization: string, path = '/v1/head'): Promise<Answer> {
  return api.anonymous(path, { headers: { authorization } });
}

const statusOf = async (process: Process, authorization: string): Promise<number> =>
  (await ask(process, authorization)).status;

/** All of an answer but what differs with each request. */
function comparable({ status, headers, text }: Answer): unknown {
  // the id of a request is its own, and the body, which has it, is as much longer
  const own = ['date', 'content-length', 'x-request-id'];
  const fields = [...headers].filter(([name]) => !own.includes(name));
  return { status, fields, text: text.replace(/"requestId":"[^"]*"/, '') };
}

describe('a key', () => {
  it('that is revoked ends the tails that were begun with it, on every process', async () => {
    const { credential, secret } = await issue();
    const tails = await Promise.all(
      [one, other].map(({ api }) =>
        fetch(`${api.url}/v1/events/stream`, { headers: { authorization: bearer(secret) } }),
      ),
    );
    expect(tails.map(({ status }) => status)).toEqual([200, 200]);
    await register.revoke(credential.id, BY);
    for (const text of await Promise.all(tails.map((tail) => tail.text())))
      expect(text).toMatch(/event: problem\ndata: .*"code":"unauthorized"/);
  });

  it('lets its principal in on every process, and what that records is recorded by it', async () => {
    const { credential, secret } = await issue({ roles: ['writer', 'auditor'], sources: ['billing'] });
    for (const process of [one, other]) expect(await statusOf(process, bearer(secret))).toBe(200);
    const { status, body } = await one.api.post('/v1/events', event(), {
      authorization: bearer(secret),
      prefer: 'wait=10',
    });
    expect(status).toBe(201);
    const line = await one.api.get(`/v1/entries/${String(body.index)}`);
    expect(line.body).toMatchObject({ entry: { recordedBy: credential.name } });
    const elsewhere = await one.api.post('/v1/events', event({ source: 'web' }), {
      authorization: bearer(secret),
    });
    expect(elsewhere.status).toBe(403);
  });

  it('stops working within a second on every process when it was revoked', async () => {
    const { credential, secret } = await issue();
    await register.revoke(credential.id, BY);
    for (const process of [one, other]) {
      await expect.poll(() => statusOf(process, bearer(secret)), WITHIN_A_SECOND).toBe(401);
    }
  });

  it('stops working when it has expired, with nobody doing anything', async () => {
    const { credential, secret } = await issue({ lifetimeMs: 3_600_000 });
    expect(await statusOf(one, bearer(secret))).toBe(200);
    await asSuperuser(database, (client) =>
      client.query(`UPDATE access.credential SET expires_at = now() + '300 ms' WHERE id = $1`, [
        credential.id,
      ]),
    );
    await expect.poll(() => statusOf(one, bearer(secret))).toBe(401);
    expect(one.store.key(credential.id)?.expiresAtMs).toBeLessThanOrEqual(Date.now());
  });

  it('is refused as one that nobody was given, whatever is wrong with it', async () => {
    const { credential, secret } = await issue();
    const wrong = `el_${credential.id}_${'x'.repeat(43)}`;
    const [ofKnown, ofUnknown, ofNone] = [
      await ask(one, bearer(wrong)),
      await ask(one, bearer(wrong.replace(credential.id, '000000000000'))),
      await ask(one, bearer(`${secret}x`)),
    ];
    expect(comparable(ofKnown)).toMatchObject({ status: 401 });
    expect(ofKnown.headers.get('www-authenticate')).toMatch(/^Basic .*, Bearer .*error="invalid_token"$/);
    expect(comparable(ofUnknown)).toEqual(comparable(ofKnown));
    expect(comparable(ofNone)).toEqual(comparable(ofKnown));
  });

  it('is read from Authorization alone: from no URL, no cookie and no other field', async () => {
    const { secret } = await issue();
    const elsewhere = {
      cookie: `authorization=${secret}`,
      'x-api-key': secret,
      'proxy-authorization': bearer(secret),
    };
    for (const query of ['', `?access_token=${secret}`, `?authorization=Bearer%20${secret}`]) {
      const { status } = await one.api.anonymous(`/v1/head${query}`, { headers: elsewhere });
      expect(status).toBe(401);
    }
  });

  it('is no password', async () => {
    const { credential, secret } = await issue();
    expect(await statusOf(one, basic(credential.name, secret))).toBe(401);
  });
});

describe('a password', () => {
  it('costs one hash, however many requests bring it, at once and later', async () => {
    const { credential, secret } = await issue({ kind: 'password' });
    const authorization = basic(credential.name, secret);
    one.hashed.length = 0;
    const atOnce = await Promise.all(Array.from({ length: 50 }, () => statusOf(one, authorization)));
    expect(new Set([...atOnce, await statusOf(one, authorization)])).toEqual(new Set([200]));
    expect(one.hashed).toEqual([secret]);
  });

  it('that is wrong is answered as an unknown user is, and costs as much, also while the right one is remembered', async () => {
    const { credential, secret } = await issue({ kind: 'password' });
    expect(await statusOf(one, basic(credential.name, secret))).toBe(200);
    one.hashed.length = 0;
    const answers: unknown[] = [];
    for (const user of [credential.name, 'nobody', 'admin']) {
      answers.push(comparable(await ask(one, basic(user, 'wrong'))));
      expect(one.hashed.splice(0)).toEqual(['wrong']);
    }
    expect(answers[0]).toMatchObject({ status: 401 });
    expect(answers.slice(1)).toEqual([answers[0], answers[0]]);
  });

  it('that is remembered is forgotten when it was revoked, or rotated', async () => {
    const first = await issue({ kind: 'password' });
    const { name } = first.credential;
    expect(await statusOf(one, basic(name, first.secret))).toBe(200);
    const second = await register.rotate(first.credential.id, 0, BY);
    await expect.poll(() => one.store.password(name)?.id, WITHIN_A_SECOND).toBe(second.credential.id);
    expect(await statusOf(one, basic(name, first.secret))).toBe(401);
    expect(await statusOf(one, basic(name, second.secret))).toBe(200);
    await register.revoke(second.credential.id, BY);
    await expect.poll(() => one.store.password(name), WITHIN_A_SECOND).toBe(null);
    expect(await statusOf(one, basic(name, second.secret))).toBe(401);
  });

  it('waits no longer than a moment: when too many are tried, the next ones are told when to come again', async () => {
    const guesses = Array.from({ length: 40 }, (_, index) => ask(one, basic('nobody', `guess ${index}`)));
    const answers = await Promise.all(guesses);
    const busy = answers.filter(({ status }) => status === 503);
    expect(busy.length).toBeGreaterThan(0);
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(40 - busy.length);
    for (const { headers, body } of busy) {
      expect([headers.get('retry-after'), body.code]).toEqual(['2', 'login-busy']);
    }
    expect(await statusOf(one, AUTHORIZATION)).toBe(200);
  });

  it('that was revoked ends its tail however many others are tried: whoever lost it could keep it busy', async () => {
    const { credential, secret } = await issue({ kind: 'password' });
    const { name } = credential;
    const tail = await fetch(`${one.api.url}/v1/events/stream`, {
      headers: { authorization: basic(name, secret) },
    });
    expect(tail.status).toBe(200);
    const ended = new AbortController();
    const flood = Array.from({ length: 40 }, async (_, which) => {
      for (let guess = 0; !ended.signal.aborted; guess++) await ask(one, basic(name, `${which} ${guess}`));
    });
    try {
      await register.revoke(credential.id, BY);
      const late = new Promise((resolve) => setTimeout(resolve, 4_000, 'late'));
      expect(await Promise.race([tail.text(), late])).toContain('"code":"unauthorized"');
    } finally {
      ended.abort();
      await Promise.all(flood);
    }
  });
});

describe('while PostgreSQL refuses everybody', () => {
  it('those who are known are let in', async () => {
    const { secret } = await issue({ roles: ['monitor'] });
    const connections = (limit: number) =>
      asSuperuser(database, async (client) => {
        await client.query(`ALTER DATABASE ${database.name} CONNECTION LIMIT ${limit}`);
        await client.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE application_name = 'event-ledger credentials' AND datname = current_database()`,
        );
      });
    const before = logged.length;
    await connections(0);
    await expect.poll(() => logged.slice(before).join('\n')).toContain('those that are known stay');
    expect((await ask(one, bearer(secret), '/metrics')).status).toBe(200);
    await connections(-1);
    const { secret: later } = await issue();
    expect(await statusOf(one, bearer(later))).toBe(200);
  });

  it('who is not known from the start is told to come again, and the configured admin is let in', async () => {
    const store = openCredentialStore({
      url: 'postgres://a:b@127.0.0.1:9/c',
      logger: { warn: () => undefined, info: () => undefined },
    });
    const authenticator = withCredentials(singleUser('admin', PASSWORD), store);
    const api = await startApi({ database, project: false, server: { authenticator } });
    const process = { api, store, hashed: [], close: () => Promise.resolve() };
    const answer = await ask(process, basic('auditor', 'unknown'));
    expect([answer.status, answer.body.code]).toEqual([503, 'store-unavailable']);
    expect(answer.headers.get('retry-after')).toBe('2');
    expect(answer.headers.has('www-authenticate')).toBe(false);
    expect(await statusOf(process, AUTHORIZATION)).toBe(200);
    await api.close();
    await store.close();
  });
});

describe('what proves anything', () => {
  it('is in no log line and in no answer', async () => {
    const key = await issue();
    const password = await issue({ kind: 'password' });
    const canaries = [key.secret, password.secret, 'canary of a wrong password'];
    const texts: string[] = [];
    for (const authorization of [
      bearer(key.secret),
      bearer(`${key.secret}x`),
      basic(password.credential.name, password.secret),
      basic(key.secret, password.secret),
      basic(password.credential.name, 'canary of a wrong password'),
      `Digest ${key.secret}`,
    ]) {
      for (const path of ['/v1/head', '/metrics', '/health', '/nothing']) {
        texts.push((await ask(one, authorization, path)).text);
      }
    }
    const everything = [...texts, ...logged].join('\n');
    for (const canary of canaries) {
      expect(everything).not.toContain(canary);
      expect(everything).not.toContain(Buffer.from(canary).toString('base64'));
    }
  });
});
