/** The API as a whole for tests: real stores, a real projector, a real socket. */
import pino from 'pino';
import type { EventLog } from '../../src/event-log/port.js';
import { openPostgresEventLog } from '../../src/event-log/postgres/event-log.js';
import type { Principal } from '../../src/access/principal.js';
import { openCredentialRegister } from '../../src/access/postgres/register.js';
import { singleUser, type Authenticator } from '../../src/http/authentication.js';
import { buildServer } from '../../src/http/server.js';
import { startProjector, type Projector } from '../../src/projector/projector.js';
import type { LedgerReader, LedgerSnapshot } from '../../src/read-model/port.js';
import { openReader } from '../../src/read-model/reader.js';
import { openWriter } from '../../src/read-model/writer.js';
import { SchemaRegistry } from '../../src/schemas/registry.js';
import { describedAnswers } from '../api-document/answers.js';
import type { Exchange } from './described-answers.js';
import { createLedgerDatabase, type LedgerDatabase } from './ledger-database.js';

export const PASSWORD = 'a pässword: of the tests';
export const AUTHORIZATION = basic('admin', PASSWORD);

export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

export interface Answer<Body = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** parsed, where it is JSON */
  readonly body: Body;
}

export interface TestApi {
  readonly url: string;
  readonly database: LedgerDatabase;
  readonly log: EventLog;
  readonly reader: LedgerReader;
  readonly projector: Projector | null;
  get<Body = Record<string, unknown>>(path: string, headers?: Record<string, string>): Promise<Answer<Body>>;
  /** objects are sent as JSON, text and bytes as they are, with the content type of JSON unless another is given */
  post<Body = Record<string, unknown>>(
    path: string,
    body: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer<Body>>;
  request<Body = Record<string, unknown>>(path: string, init: RequestInit): Promise<Answer<Body>>;
  /** the same without credentials, unless it has some of its own */
  anonymous<Body = Record<string, unknown>>(path: string, init?: RequestInit): Promise<Answer<Body>>;
  /** what is in an answer that /openapi.json does not describe; whatever else is asked here has nothing of it */
  undescribed(exchange: Exchange): readonly string[];
  /** the ledger has everything that the log has */
  caughtUp(): Promise<void>;
  close(): Promise<void>;
}

export interface TestApiOptions {
  /** default: a new one, dropped on close */
  readonly database?: LedgerDatabase;
  /** default: true */
  readonly project?: boolean;
  /** what the API sees of the log */
  readonly wrapLog?: (log: EventLog) => EventLog;
  readonly wrapReader?: (reader: LedgerReader) => LedgerReader;
  readonly plainVerificationMs?: number;
  /** so many entries are exported and verified by a thread of their own */
  readonly apartFrom?: number;
  readonly tails?: NonNullable<Parameters<typeof buildServer>[0]['tails']>;
  /** who else is let in, each under its name and with the password of the tests */
  readonly others?: readonly Principal[];
  /** where it listens; 127.0.0.1 unless given */
  readonly host?: string;
  /** further parts of the server */
  readonly server?: Partial<Parameters<typeof buildServer>[0]>;
  /** given every log line */
  readonly onLog?: (line: string) => void;
}

/** What gives a reader's snapshots other rows, made of the snapshot. */
export const withRows =
  (rowsOf: (snapshot: LedgerSnapshot) => LedgerSnapshot['rows']) =>
  (reader: LedgerReader): LedgerReader => ({
    ...reader,
    async snapshot() {
      const snapshot = await reader.snapshot();
      return { ...snapshot, tiles: snapshot.tiles.bind(snapshot), rows: rowsOf(snapshot), apart: () => null };
    },
  });

function authenticatorOf(others: readonly Principal[]): Authenticator {
  const admin = singleUser('admin', PASSWORD);
  return {
    authenticate: (given) =>
      others.find(
        ({ name }) => given.scheme === 'basic' && name === given.user && given.password === PASSWORD,
      ) ?? admin.authenticate(given),
  };
}

export async function startApi(options: TestApiOptions = {}): Promise<TestApi> {
  const answers = await describedAnswers();
  const { onLog } = options;
  const logger = onLog === undefined ? pino({ level: 'silent' }) : pino({ level: 'trace' }, { write: onLog });
  const database = options.database ?? (await createLedgerDatabase());
  const log = openPostgresEventLog({ url: database.apiUrl });
  const { apartFrom } = options;
  const reader = openReader({ url: database.apiUrl, ...(apartFrom === undefined ? {} : { apartFrom }) });
  const writer = openWriter({ url: database.projectorUrl });
  const credentials = openCredentialRegister({ url: database.apiUrl });
  const projectorLog = openPostgresEventLog({ url: database.projectorUrl });
  const projector = options.project === false ? null : startProjector({ log: projectorLog, writer, logger });
  const server = buildServer({
    log: options.wrapLog?.(log) ?? log,
    reader: options.wrapReader?.(reader) ?? reader,
    schemas: new SchemaRegistry(),
    credentials,
    authenticator: authenticatorOf(options.others ?? []),
    logger,
    version: '0.0.0',
    ...(options.plainVerificationMs === undefined
      ? {}
      : { plainVerificationMs: options.plainVerificationMs }),
    ...(options.tails === undefined ? {} : { tails: options.tails }),
    ...(projector === null ? {} : { projector: () => projector.status() }),
    // tests are wrong often, all from one address
    rates: { failedLogins: 0 },
    ...options.server,
  });
  const url = await server.listen({ port: 0, host: options.host ?? '127.0.0.1' });

  const undescribed: TestApi['undescribed'] = (exchange) => answers.mistakesOf(exchange);
  const anonymous: TestApi['anonymous'] = async (path, init = {}) => {
    const response = await fetch(`${url}${path}`, init);
    const text = await response.text();
    const { status, headers } = response;
    const method = init.method ?? 'GET';
    const mistakes = undescribed({ method, path, status, headers, body: text });
    if (mistakes.length > 0) throw new Error(`${method} ${path} ${status}: ${mistakes.join('\n')}`);
    const isJson = /\bjson\b/.test(response.headers.get('content-type')?.replace('x-ndjson', '') ?? '');
    const body = (isJson && text !== '' ? JSON.parse(text) : null) as never;
    return { status, headers, text, body };
  };
  const request: TestApi['request'] = (path, init) =>
    anonymous(path, {
      ...init,
      headers: { authorization: AUTHORIZATION, ...(init.headers as Record<string, string>) },
    });

  return {
    url,
    database,
    log,
    reader,
    projector,
    request,
    anonymous,
    undescribed,
    get: (path, headers = {}) => request(path, { headers }),
    post: (path, body, headers = {}) =>
      request(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body:
          typeof body === 'string' || body instanceof Uint8Array
            ? (body as NonNullable<RequestInit['body']>)
            : JSON.stringify(body),
      }),
    async caughtUp() {
      const newest = await log.newest();
      const deadline = Date.now() + 20_000;
      for (;;) {
        const moved = reader.headMoved(1_000);
        const { position } = await reader.head();
        if (newest === null || (position !== null && log.comparePositions(position, newest) >= 0)) return;
        if (Date.now() > deadline) throw new Error('the ledger did not catch up within 20 s');
        await moved;
      }
    },
    async close() {
      await server.close();
      await projector?.stop();
      await Promise.all([
        writer.close(),
        projectorLog.close(),
        reader.close(),
        log.close(),
        credentials.close(),
      ]);
      if (options.database === undefined) await database.drop();
    },
  };
}

let counter = 0;

/** A source that no other test uses. */
export function newSource(): string {
  return `source-${process.pid}-${counter++}`;
}

/** An event as producers send it. */
export function event(members: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    source: 'billing',
    type: 'customer.billed',
    payload: { customerId: 'c-1', amount: 12.5 },
    ...members,
  };
}
