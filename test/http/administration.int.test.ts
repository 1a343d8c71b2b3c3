import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCredentialRegister } from '../../src/access/postgres/register.js';
import type { Role } from '../../src/access/principal.js';
import { basic, startApi, type Answer } from '../support/api.js';
import { asSuperuser } from '../support/ledger-database.js';
import { startKeyedApi, type KeyedApi } from '../support/keyed-api.js';

interface Facts {
  readonly id: string;
  readonly name: string;
  readonly revokedAt: string | null;
  readonly expiresAt: string | null;
}
interface Issued {
  readonly credential: Facts;
  readonly secret: string;
}

const logged: string[] = [];
let keyed: KeyedApi;
beforeAll(async () => {
  keyed = await startKeyedApi({ onLog: (line) => logged.push(line) });
});
afterAll(() => keyed.close());

const add = (wanted: object, headers = {}): Promise<Answer<Issued>> =>
  keyed.api.post<Issued>('/v1/credentials', wanted, headers);
const rotate = (id: string, how: object = {}): Promise<Answer<Issued>> =>
  keyed.api.post<Issued>(`/v1/credentials/${id}/rotate`, how);
const revoke = (id: string, headers = {}): Promise<Answer<Facts>> =>
  keyed.api.request<Facts>(`/v1/credentials/${id}`, { method: 'DELETE', headers });
const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });
const statusWith = async (secret: string, path = '/v1/head'): Promise<number> =>
  (await keyed.api.get(path, bearer(secret))).status;

let counter = 0;
const auditor = () => ({ name: `auditor ${(counter += 1)}`, roles: ['auditor'] });

describe('POST /v1/credentials', () => {
  it('makes a key that is good at once, and shows it this once', async () => {
    const wanted = { name: 'billing', roles: ['writer', 'reader'], sources: ['billing.*'] };
    const { status, headers, body } = await add({ ...wanted, lifetimeSeconds: 3_600 });
    expect(status).toBe(201);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body).toMatchObject({ credential: { ...wanted, kind: 'key', revokedAt: null } });
    const { id, expiresAt } = body.credential;
    expect(Math.abs(Date.parse(expiresAt ?? '') - Date.now() - 3_600_000)).toBeLessThan(60_000);
    expect(body.secret).toMatch(new RegExp(`^el_${id}_`));
    expect(await statusWith(body.secret, '/v1/events')).toBe(200);

    const location = headers.get('location') ?? '';
    expect(location).toBe(`/v1/credentials/${id}`);
    const facts = await keyed.api.get(location);
    expect(facts.body).toEqual({ ...body.credential, lastUsedAt: null });
    const list = await keyed.api.get<{ credentials: Facts[] }>('/v1/credentials');
    expect(list.body.credentials).toContainEqual(facts.body);
    for (const text of [facts.text, list.text, ...logged]) expect(text).not.toContain(body.secret.slice(16));
    expect(list.text).not.toMatch(/hash|salt/);
  });

  it('makes a password where one is asked for, and one of a name alone', async () => {
    const wanted = { ...auditor(), kind: 'password' };
    const { body } = await add(wanted);
    const { status } = await keyed.api.get('/v1/head', { authorization: basic(wanted.name, body.secret) });
    expect(status).toBe(200);
    const second = await add(wanted);
    expect([second.status, second.body]).toMatchObject([409, { code: 'credential-conflict' }]);
  });

  it.each([
    ['[]', '', 'must be object'],
    ['{"roles":["auditor"]}', '/name', 'is missing'],
    ['{"name":"a"}', '/roles', 'is missing'],
    ['{"name":7,"roles":["auditor"]}', '/name', 'must be string'],
    ['{"name":"a:b","roles":["auditor"]}', '/name', 'must not have a colon'],
    ['{"name":"admin","roles":["auditor"]}', '/name', "must not be 'admin'"],
    ['{"name":"event-ledger x","roles":["auditor"]}', '/name', 'must not begin with event-ledger'],
    ['{"name":"a","roles":"auditor"}', '/roles', 'must be array'],
    ['{"name":"a","roles":[]}', '/roles', 'must have one at least'],
    ['{"name":"a","roles":["auditor","wizard"]}', '/roles/1', 'must be one of'],
    ['{"name":"a","roles":["auditor",null]}', '/roles/1', 'must be string'],
    ['{"name":"a","roles":["writer"]}', '/sources', 'must be given'],
    ['{"name":"a","roles":["monitor"],"sources":["b"]}', '/sources', 'must not be given'],
    ['{"name":"a","roles":["writer"],"sources":["b","c*d"]}', '/sources/1', 'must have its star at the end'],
    ['{"name":"a","roles":["writer"],"sources":["_access"]}', '/sources/0', "must not begin with '_'"],
    ['{"name":"a","roles":["auditor"],"kind":"token"}', '/kind', 'must be key or password'],
    ['{"name":"a","roles":["auditor"],"lifetimeSeconds":0}', '/lifetimeSeconds', 'must be a whole number'],
    ['{"name":"a","roles":["auditor"],"lifetimeSeconds":1.5}', '/lifetimeSeconds', 'must be a whole number'],
    ['{"name":"a","roles":["auditor"],"lifetimeSeconds":1e99}', '/lifetimeSeconds', 'must be a whole number'],
    ['{"name":"a","roles":["auditor"],"expires":9}', '/expires', 'is no member that is known here'],
    ['{"name":"a","roles":["auditor"],"toString":9}', '/toString', 'is no member that is known here'],
  ])('refuses %s, and names %s', async (text, pointer, detail) => {
    const before = (await keyed.register.list()).length;
    const { status, body } = await keyed.api.post<{ errors: object[] }>('/v1/credentials', text);
    expect({ status, body }).toMatchObject({ status: 422, body: { code: 'invalid-credential' } });
    expect(body.errors[0]).toMatchObject({ pointer, detail: expect.stringContaining(detail) as string });
    expect((await keyed.register.list()).length).toBe(before);
  });

  it('refuses what is no JSON, JSON that is ambiguous, another type, and too much of it', async () => {
    const long = JSON.stringify({ ...auditor(), name: 'x'.repeat(300_000) });
    for (const [text, type, status, code] of [
      ['', 'application/json', 400, 'invalid-json'],
      ['{"name":"a","name":"b"}', 'application/json', 422, 'not-i-json'],
      ['{}', 'application/x-www-form-urlencoded', 415, 'unsupported-media-type'],
      [long, 'application/json', 413, 'too-large'],
    ] as const) {
      const answer = await keyed.api.post('/v1/credentials', text, { 'content-type': type });
      expect({ status: answer.status, body: answer.body }).toMatchObject({ status, body: { code } });
    }
  });

  it('is for admins, among them those whose credential another admin made', async () => {
    const { secret } = (await add({ name: 'second admin', roles: ['admin'] })).body;
    const made = await add(auditor(), bearer(secret));
    expect(made.status).toBe(201);
    for (const role of ['writer', 'reader', 'auditor', 'monitor'] as const satisfies readonly Role[]) {
      const sources = role === 'writer' || role === 'reader' ? ['*'] : [];
      const other = (await add({ name: `only ${role}`, roles: [role], sources })).body;
      const refused = await add(auditor(), bearer(other.secret));
      expect([refused.status, refused.body]).toMatchObject([403, { code: 'forbidden' }]);
      expect(await statusWith(other.secret, '/v1/credentials')).toBe(403);
    }
  });
});

describe('POST /v1/credentials/{id}/rotate', () => {
  it('ends the old key at once, and gives another one', async () => {
    const first = (await add(auditor())).body;
    const { status, headers, body } = await rotate(first.credential.id);
    expect([status, body.credential.name]).toEqual([201, first.credential.name]);
    expect(headers.get('location')).toBe(`/v1/credentials/${body.credential.id}`);
    expect(headers.get('cache-control')).toBe('no-store');
    expect([await statusWith(first.secret), await statusWith(body.secret)]).toEqual([401, 200]);
    const again = await rotate(first.credential.id);
    expect([again.status, again.body]).toMatchObject([409, { code: 'credential-conflict' }]);
  });

  it('lets the old key overlap for as long as is asked, but no password', async () => {
    const first = (await add(auditor())).body;
    const { secret } = (await rotate(first.credential.id, { overlapSeconds: 60 })).body;
    expect([await statusWith(first.secret), await statusWith(secret)]).toEqual([200, 200]);
    const facts = await keyed.api.get<Facts>(`/v1/credentials/${first.credential.id}`);
    expect(Date.parse(facts.body.expiresAt ?? '') - Date.now()).toBeLessThanOrEqual(60_000);
    const password = (await add({ ...auditor(), kind: 'password' })).body;
    for (const how of [{ overlapSeconds: 60 }, { overlapSeconds: -1 }, { overlap: 60 }]) {
      const refused = await rotate(password.credential.id, how);
      const pointer = `/${Object.keys(how).join()}`;
      const body = { code: 'invalid-credential', errors: [{ pointer }] };
      expect([refused.status, refused.body]).toMatchObject([422, body]);
    }
  });
});

describe('DELETE /v1/credentials/{id}', () => {
  it('ends it at once, says since when, and the same again', async () => {
    const { credential, secret } = (await add(auditor())).body;
    expect(await statusWith(secret)).toBe(200);
    const { status, body } = await revoke(credential.id);
    expect([status, body.id]).toEqual([200, credential.id]);
    expect(await statusWith(secret)).toBe(401);
    const again = await revoke(credential.id);
    expect([again.status, again.body.revokedAt]).toEqual([200, body.revokedAt]);
  });

  it('may end the credential that it comes with: the configured admin stays', async () => {
    const { credential, secret } = (await add({ name: 'leaving', roles: ['admin'] })).body;
    expect((await revoke(credential.id, bearer(secret))).status).toBe(200);
    expect(await statusWith(secret)).toBe(401);
    expect((await revoke(credential.id)).status).toBe(200);
  });

  it.each(['000000000000', 'none', '11111111-1111-4111-8111-111111111111', '%00', "' OR 1=1"])(
    'knows no %s, and neither do the others',
    async (id) => {
      const path = `/v1/credentials/${encodeURIComponent(id).replace('%2500', '%00')}`;
      for (const [method, at, body] of [
        ['DELETE', path, null],
        ['GET', path, null],
        ['POST', `${path}/rotate`, '{}'],
      ] as const) {
        const init = { method, body, ...(body && { headers: { 'content-type': 'application/json' } }) };
        const answer = await keyed.api.request(at, init);
        expect([answer.status, answer.body]).toMatchObject([404, { code: 'not-found' }]);
      }
    },
  );
});

describe('a change', () => {
  it('is told of as its maker made it, with the request, and without the secret', async () => {
    const maker = (await add({ name: 'the maker', roles: ['admin'] })).body;
    const headers = { ...bearer(maker.secret), 'x-request-id': 'of-the-change' };
    const { credential, secret } = (await add(auditor(), headers)).body;
    const rows = await asSuperuser(keyed.api.database, async (client) => {
      const { rows } = await client.query<{ row: string }>(
        `SELECT row_to_json(o)::text AS row FROM access.outbox AS o WHERE payload->>'id' = $1`,
        [credential.id],
      );
      return rows.map(({ row }) => row);
    });
    expect(rows).toHaveLength(1);
    expect(JSON.parse(rows[0] ?? '')).toMatchObject({
      ...{ type: 'credential.added', recorded_by: 'the maker', actor: null },
      context: { requestId: 'of-the-change' },
    });
    expect(rows[0]).not.toContain(secret.slice(16));
  });
});

it('a login that may not change credentials is named, with what gives it the right', async () => {
  // granted the groups api and projector
  const credentials = openCredentialRegister({ url: keyed.api.database.allUrl });
  const api = await startApi({ database: keyed.api.database, project: false, server: { credentials } });
  try {
    const { status, body } = await api.get('/v1/credentials');
    expect([status, body]).toMatchObject([403, { code: 'access-denied' }]);
    expect(body.detail).toContain('--grant LOGIN=credentials');
  } finally {
    await api.close();
    await credentials.close();
  }
});
