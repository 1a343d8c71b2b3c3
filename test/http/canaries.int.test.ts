import { connect } from 'node:net';
import { once } from 'node:events';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LedgerError } from '../../src/ledger/error.js';
import type { EventLog } from '../../src/event-log/port.js';
import type { LedgerReader } from '../../src/read-model/port.js';
import { openCredentialRegister } from '../../src/access/postgres/register.js';
import { openOutbox } from '../../src/access/postgres/outbox.js';
import { openCredentialStore } from '../../src/access/postgres/store.js';
import { parseKey } from '../../src/access/secret.js';
import { ownerIn, singleUser, withCredentials } from '../../src/http/authentication.js';
import { accessLines } from '../support/access-events.js';
import { asSuperuser, createLedgerDatabase } from '../support/ledger-database.js';
import { AUTHORIZATION, basic, event, newSource, PASSWORD, startApi, type TestApi } from '../support/api.js';

/** Stands for what must not get out: nothing else is written like it. */
const CANARY = 'c4n4ry-9f3b';

/** As it is, and as it may have been written down. */
function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  return [
    secret,
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('hex'),
    encodeURIComponent(secret),
  ];
}

const SECRETS = [
  ...formsOf(PASSWORD),
  ...formsOf(`admin:${PASSWORD}`),
  ...formsOf(`admin:${CANARY}`),
  ...formsOf(CANARY),
];

function secretsIn(text: string): readonly string[] {
  return SECRETS.filter((secret) => text.includes(secret));
}

const JSON_FIELDS = { 'content-type': 'application/json' };

describe('passwords, credentials and payloads', () => {
  let api: TestApi;
  const lines: string[] = [];
  let isFailing = false;

  beforeAll(async () => {
    api = await startApi({
      onLog: (line) => lines.push(line),
      wrapLog: (log): EventLog => ({
        ...log,
        append: (...args) => (isFailing ? failure() : log.append(...args)),
      }),
      wrapReader: (reader): LedgerReader => ({
        ...reader,
        snapshot: () => (isFailing ? failure() : reader.snapshot()),
      }),
    });
  });
  afterAll(() => api.close());

  const failure = (): Promise<never> =>
    Promise.reject(new LedgerError('log-unavailable', 'as the test wants it'));

  interface Planted {
    readonly method?: string;
    readonly path: string;
    readonly headers?: Record<string, string>;
    readonly body?: unknown;
  }

  async function send({ method = 'GET', path, headers = {}, body }: Planted): Promise<string> {
    const answer = await fetch(`${api.url}${path}`, {
      method,
      headers: { authorization: AUTHORIZATION, ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return `${JSON.stringify([...answer.headers])}${await answer.text()}`;
  }

  const post = (path: string, body: unknown, headers: Record<string, string> = {}): Planted => ({
    method: 'POST',
    path,
    headers: { ...JSON_FIELDS, ...headers },
    body,
  });
  const payload = { secret: CANARY };

  /** What is refused, and says why without saying what was sent. */
  const refused: readonly (readonly [string, Planted])[] = [
    ['a wrong password', { path: '/v1/head', headers: { authorization: basic('admin', CANARY) } }],
    ['a password as the user', { path: '/v1/head', headers: { authorization: basic(CANARY, 'x') } }],
    ['a token of no kind', { path: '/v1/head', headers: { authorization: `Bearer ${CANARY}` } }],
    ['a key of no kind', { path: '/v1/head', headers: { authorization: `Bearer el_x_${CANARY}` } }],
    ['no scheme', { path: '/v1/head', headers: { authorization: CANARY } }],
    ['a scheme', { path: '/v1/head', headers: { authorization: `${CANARY} x` } }],
    ['credentials on a probe', { path: '/livez?x=1', headers: { authorization: `Bearer ${CANARY}` } }],
    [
      'another header field',
      { path: '/v1/head?x=1', headers: { 'x-api-key': CANARY, cookie: `a=${CANARY}` } },
    ],
    ['a value of the query', { path: `/v1/events?limit=${CANARY}` }],
    ['a value of a filter', { path: `/v1/events?payload.a=${CANARY}&since=never` }],
    ['a cursor', { path: `/v1/events?cursor=${CANARY}` }],
    ['a path', { path: `/${CANARY}` }],
    ['an index', { path: `/v1/entries/${CANARY}` }],
    [
      'a fragment of a payload',
      post('/v1/events', `{"source":"s","type":"t","payload":{"secret":"${CANARY}"`),
    ],
    [
      'a payload that is no I-JSON',
      post('/v1/events', `{"source":"s","type":"t","payload":["${CANARY}\\ud800"]}`),
    ],
    ['no JSON', post('/v1/events', CANARY)],
    ['a payload without a type', post('/v1/events', { source: 's', payload })],
    ['a payload of a reserved source', post('/v1/events', event({ source: '_x', payload }))],
    ['a payload that is too large', post('/v1/events', event({ payload: CANARY.repeat(30_000) }))],
    ['a payload in another encoding', post('/v1/events', event({ payload }), { 'content-encoding': 'gzip' })],
    [
      'a payload of another type',
      post('/v1/events', event({ payload }), { 'content-type': `text/${CANARY}` }),
    ],
    ['a payload for no route', post('/nothing', event({ payload }))],
    ['a payload for another method', { ...post('/v1/head', event({ payload })), method: 'PUT' }],
    ['a payload that a schema refuses', post('/v1/events', event({ type: 'canary', payload }))],
    [
      'a payload of another contract',
      post('/events', { event_type: 1, user_identity: 'u', event_data: payload }),
    ],
    ['a payload as an action', post('/api/logs', { userId: 'u', action: 1, metadata: payload })],
    ['a payload as a log', post('/logs', { who: 'u', what: 1, context: payload })],
    ['a batch', post('/v1/events', [event({ source: '_x', payload }), { payload }])],
  ];

  it.each(refused)('are in no answer that refuses %s', async (_what, planted) => {
    await api.request('/v1/schemas/canary', {
      method: 'PUT',
      headers: JSON_FIELDS,
      body: JSON.stringify({ properties: { secret: { maxLength: 1 } } }),
    });
    expect(secretsIn(await send(planted))).toEqual([]);
  });

  it('are in no answer to what is hardly HTTP', async () => {
    for (const text of [
      `GET /v1/head?${CANARY}=${CANARY} HTTP/9.9\r\nauthorization: ${AUTHORIZATION}\r\n\r\n`,
      `GET / HTTP/1.1\r\nhost: x\r\n${CANARY} : ${CANARY}\r\n\r\n`,
      `${CANARY} / HTTP/1.1\r\nhost: x\r\n\r\n`,
      `GET / HTTP/1.1\r\nhost: x\r\nexpect: ${CANARY}\r\nconnection: close\r\n\r\n`,
      `POST /v1/events HTTP/1.1\r\nhost: x\r\ntransfer-encoding: ${CANARY}\r\n\r\n${CANARY}`,
    ]) {
      const socket = connect({ port: Number(new URL(api.url).port), host: '127.0.0.1' });
      const chunks: Buffer[] = [];
      socket.on('data', (chunk: Buffer) => chunks.push(chunk)).end(text);
      await once(socket, 'close');
      expect(secretsIn(Buffer.concat(chunks).toString())).toEqual([]);
    }
  });

  it('are in no line of the log and no metric, whatever is taken, refused or fails', async () => {
    const source = newSource();
    const taken = [
      post('/v1/events', event({ source, payload, actor: CANARY, subject: CANARY, context: { a: CANARY } })),
      post('/v1/events', event({ source, payload, id: CANARY }), { prefer: 'handling=lenient, wait=5' }),
      post('/events', { event_type: 't', user_identity: CANARY, event_data: payload }),
      { path: `/v1/events?payload.secret=${CANARY}` },
      { path: `/v1/events?actor=${CANARY}` },
      { path: `/v1/export?subject=${CANARY}` },
      { path: `/v1/sources/${CANARY}/events` },
      { path: `/events/query?secret=${CANARY}` },
    ];
    const planted = [...taken, ...refused.map(([, one]) => one)];
    for (const one of planted) await send(one);
    isFailing = true;
    for (const one of planted) await send(one);
    isFailing = false;
    await api.caughtUp();
    expect(lines.join()).toContain('the event log did not take events');
    expect(lines.join()).toContain('a request could not be served');
    expect(lines.filter((line) => secretsIn(line).length > 0)).toEqual([]);
    const metrics = await send({ path: '/metrics' });
    expect(metrics).toContain('event_ledger_events_submitted_total');
    expect(secretsIn(metrics)).toEqual([]);
    expect(secretsIn(await send({ path: '/health' }))).toEqual([]);
    expect(secretsIn(await send({ path: '/stats' }))).toEqual([]);
  });
});

describe('what the ledger records of those who use it', () => {
  it('has no password, key, token or hash, whether they were right or wrong', async () => {
    const database = await createLedgerDatabase();
    const logger = pino({ level: 'silent' });
    const outbox = openOutbox({ url: database.apiUrl, logger });
    const store = openCredentialStore({ url: database.apiUrl, logger });
    const register = openCredentialRegister({ url: database.adminUrl });
    const by = { recordedBy: 'admin', actor: null, context: null };
    const wanted = { name: 'known', roles: ['auditor'], sources: [], lifetimeMs: null } as const;
    const password = await register.add({ ...wanted, kind: 'password' }, by);
    const key = await register.add({ ...wanted, kind: 'key' }, by);
    await store.ready(5_000);
    const authenticator = withCredentials(singleUser('admin', PASSWORD), store);
    const server = { outbox, authenticator, nameOf: ownerIn(store) };
    const watched = await startApi({ database, project: false, server });
    const attempts = [
      ...[basic('admin', CANARY), basic('known', CANARY), basic(CANARY, 'x'), `Bearer ${CANARY}`],
      ...[
        `Bearer el_${key.credential.id}_${CANARY}`,
        `Bearer ${key.secret}`,
        basic('known', password.secret),
      ],
    ];
    for (const authorization of attempts) {
      for (const path of ['/v1/export', '/v1/verify', '/metrics'])
        await watched.anonymous(path, { headers: { authorization } });
    }
    await register.rotate(key.credential.id, 0, by);
    await register.revoke(password.credential.id, by);
    const stored = await asSuperuser(database, async (client) => {
      const { rows } = await client.query<{ hash: Buffer; salt: Buffer | null }>(
        'SELECT hash, salt FROM access.credential',
      );
      return rows.flatMap(({ hash, salt }) => (salt === null ? [hash] : [hash, salt]));
    });
    await watched.close();
    await outbox.close();

    const delivering = openOutbox({ url: database.apiUrl, logger });
    const api = await startApi({ database, server: { outbox: delivering } });
    const lines = await accessLines(api);
    const text = JSON.stringify(lines);
    const secrets = [
      ...[...SECRETS, password.secret, key.secret, parseKey(key.secret)?.secret ?? ''],
      ...stored.flatMap((bytes) => [bytes.toString('hex'), bytes.toString('base64')]),
    ];
    expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
    const types = new Set(lines.map(({ entry }) => entry.type));
    expect([...types].sort()).toEqual([
      ...['access.denied', 'credential.added', 'credential.revoked', 'credential.rotated'],
      ...['export.begun', 'login.failed', 'verification.ended'],
    ]);
    const [failed] = lines.filter(({ entry }) => entry.type === 'login.failed');
    expect(failed?.payload).toMatchObject({ count: 15, otherNames: 9 });
    await Promise.all([api.close(), store.close(), register.close()]);
    await delivering.close();
    await database.drop();
  });
});
