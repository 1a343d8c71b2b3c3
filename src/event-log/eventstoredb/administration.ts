/** What an administrator does to a server: accounts, and the documents in system streams that give rights. */
import { randomUUID } from 'node:crypto';
import users from '@eventstore/db-client/generated/users_pb.js';
import { UsersClient } from '@eventstore/db-client/generated/users_grpc_pb.js';
import type { CallOptions, Client, Metadata } from '@grpc/grpc-js';
import { LedgerError } from '../../ledger/error.js';
import type { EventId, Position } from '../../ledger/types.js';
import { parseObject, type JsonObject } from './access-lists.js';
import { openConnection, type Connection } from './connection.js';
import { faultOf } from './fault.js';
import {
  appendAnswer,
  appendRequest,
  readAnswer,
  readLogRequest,
  readStreamRequest,
  type LogRecord,
} from './messages.js';
import { streamOf } from './streams.js';

export interface Account {
  readonly login: string;
  readonly fullName: string;
  readonly groups: readonly string[];
  readonly disabled: boolean;
}

/** The newest record of a stream that holds one document, as `$settings` and metadata streams do. */
export interface Document {
  /** −1: there is none yet */
  readonly revision: number;
  /** null: none, or no JSON object */
  readonly value: JsonObject | null;
}

/** All reject with `access-denied`, or `log-unavailable`. */
export interface Administration {
  document(stream: string): Promise<Document>;
  /** @returns whether it was written; not when somebody else wrote since the document was read */
  write(stream: string, type: string, value: JsonObject, before: Document): Promise<boolean>;
  /** Metadata in force, by the name of the stream that they are of, where that begins with one of the prefixes. */
  metadataOf(prefixes: readonly string[]): Promise<ReadonlyMap<string, JsonObject | null>>;
  /** null: there is no such user */
  account(login: string): Promise<Account | null>;
  /** Nothing happens when there is such a user already. */
  create(account: Omit<Account, 'disabled'>, password: string): Promise<void>;
  regroup(account: Account, groups: readonly string[]): Promise<void>;
  enable(login: string): Promise<void>;
  setPassword(login: string, password: string): Promise<void>;
  close(): Promise<void>;
}

export const ADMIN_URL = 'EVENTSTORE_ADMIN_URL';

const DEADLINE_MS = 10_000;
/** The server looks through the whole log for a page of metadata. */
const SCAN_DEADLINE_MS = 600_000;
const PAGE = 1_000;

/** @throws LedgerError `invalid-configuration` for a URL that the client does not understand */
export function openAdministration(url: string): Administration {
  const connection = openConnection(url, ADMIN_URL);

  const call = <Service extends Client, Response>(
    service: new (...args: ConstructorParameters<typeof Client>) => Service,
    start: (calling: Service, context: CallContext<Response>) => void,
  ): Promise<Response> =>
    translated(() =>
      connection.call(
        service,
        (calling, metadata, options) =>
          new Promise<Response>((resolve, reject) => {
            start(calling, {
              metadata,
              options,
              answer: (error, response) => {
                if (error === null) resolve(response);
                else reject(error);
              },
            });
          }),
        DEADLINE_MS,
      ),
    );

  return {
    async document(stream) {
      const request = readStreamRequest({ stream, from: null, backwards: true, limit: 1 });
      const [record] = await translated(() => records(connection, request, DEADLINE_MS));
      return record === undefined
        ? { revision: -1, value: null }
        : { revision: Number(record.revision), value: parseObject(record.data) };
    },
    async write(stream, type, value, before) {
      const event = {
        id: randomUUID() as EventId,
        type,
        data: Buffer.from(JSON.stringify(value)),
        metadata: Buffer.alloc(0),
        fresh: true,
      };
      const request = appendRequest(stream, before.revision, [event]);
      const answer = await translated(async () =>
        appendAnswer(await connection.append(request, DEADLINE_MS)),
      );
      return answer.kind === 'appended';
    },
    metadataOf: (prefixes) => translated(() => metadataOf(connection, prefixes)),
    account: (login) => translated(() => account(connection, login)),
    async create({ login, fullName, groups }, password) {
      const options = new users.CreateReq.Options().setLoginName(login).setFullName(fullName);
      const request = new users.CreateReq().setOptions(
        options.setGroupsList([...groups]).setPassword(password),
      );
      await call(UsersClient, (service, { metadata, options: how, answer }) => {
        service.create(request, metadata, how, answer);
      }).catch(unlessException('user-conflict'));
    },
    async regroup({ login, fullName }, groups) {
      const options = new users.UpdateReq.Options().setLoginName(login).setFullName(fullName);
      const request = new users.UpdateReq().setOptions(options.setGroupsList([...groups]));
      await call(UsersClient, (service, { metadata, options: how, answer }) => {
        service.update(request, metadata, how, answer);
      });
    },
    async enable(login) {
      const request = new users.EnableReq().setOptions(new users.EnableReq.Options().setLoginName(login));
      await call(UsersClient, (service, { metadata, options: how, answer }) => {
        service.enable(request, metadata, how, answer);
      });
    },
    async setPassword(login, password) {
      const options = new users.ResetPasswordReq.Options().setLoginName(login).setNewPassword(password);
      await call(UsersClient, (service, { metadata, options: how, answer }) => {
        service.resetPassword(new users.ResetPasswordReq().setOptions(options), metadata, how, answer);
      });
    },
    close: () => connection.close(),
  };
}

/** What a server makes of credentials: who they are of is not known, may not read a source, or may. */
export type Admission = 'unknown' | 'forbidden' | 'admitted';

/** Try credentials in the place of those of a URL. @throws LedgerError `log-unavailable` */
export async function tryCredentials(url: string, login: string, password: string): Promise<Admission> {
  const pair = `${encodeURIComponent(login)}:${encodeURIComponent(password)}`;
  const connection = openConnection(url.replace(/^([^:]+:\/\/)(?:[^@/?]*@)?/, `$1${pair}@`), ADMIN_URL);
  const stream = streamOf('_ledger');
  const request = readStreamRequest({ stream, from: null, backwards: true, limit: 1 });
  try {
    await records(connection, request, DEADLINE_MS);
    return 'admitted';
  } catch (error) {
    const { kind, cause } = faultOf(error);
    if (kind === 'denied') return (cause as { code?: number }).code === 16 ? 'unknown' : 'forbidden';
    throw failure(error);
  } finally {
    await connection.close();
  }
}

interface CallContext<Response> {
  readonly metadata: Metadata;
  readonly options: CallOptions;
  readonly answer: (error: Error | null, response: Response) => void;
}

async function records(
  connection: Connection,
  request: Parameters<Connection['read']>[0],
  deadlineMs: number,
): Promise<readonly LogRecord[]> {
  const found: LogRecord[] = [];
  for await (const answer of connection.read(request, deadlineMs)) {
    const read = readAnswer(answer);
    if (read.kind === 'record') found.push(read.record);
  }
  return found;
}

async function metadataOf(
  connection: Connection,
  prefixes: readonly string[],
): Promise<ReadonlyMap<string, JsonObject | null>> {
  const inForce = new Map<string, JsonObject | null>();
  const names = prefixes.map((prefix) => `$$${prefix}`);
  for (let from: Position | null = null; ;) {
    const request = readLogRequest({ from, backwards: false, limit: PAGE, prefixes: names });
    const page = await records(connection, request, SCAN_DEADLINE_MS);
    for (const { stream, data } of page) inForce.set(stream.slice(2), parseObject(data));
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE || last.position === from) return inForce;
    from = last.position;
  }
}

async function account(connection: Connection, login: string): Promise<Account | null> {
  const request = new users.DetailsReq().setOptions(new users.DetailsReq.Options().setLoginName(login));
  try {
    return await connection.call(
      UsersClient,
      async (service, metadata, options) => {
        let found: Account | null = null;
        for await (const message of service.details(request, metadata, options)) {
          const user = (message as users.DetailsResp).getUserDetails();
          if (user === undefined) continue;
          const groups = user.getGroupsList();
          found = {
            login: user.getLoginName(),
            fullName: user.getFullName(),
            groups,
            disabled: user.getDisabled(),
          };
        }
        return found;
      },
      DEADLINE_MS,
    );
  } catch (error) {
    if (exceptionOf(error) === 'user-not-found') return null;
    throw error;
  }
}

async function translated<Result>(run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    throw failure(error);
  }
}

function failure(error: unknown): LedgerError {
  if (error instanceof LedgerError) return error;
  const { kind, detail, cause } = faultOf(error);
  return kind === 'denied'
    ? new LedgerError(
        'access-denied',
        `${ADMIN_URL}: EventStoreDB refuses these credentials, or they are not an administrator's (${detail})`,
        { cause },
      )
    : new LedgerError('log-unavailable', `EventStoreDB did not answer: ${detail}`, { cause });
}

/** The server's own name for what went wrong, in a trailer. */
function exceptionOf(error: unknown): string | null {
  const { metadata } = error as { readonly metadata?: { get?(name: string): readonly unknown[] } };
  const [exception] = metadata?.get?.('exception') ?? [];
  return typeof exception === 'string' ? exception : null;
}

function unlessException(expected: string): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof LedgerError) || exceptionOf(error.cause) !== expected) throw error;
  };
}
