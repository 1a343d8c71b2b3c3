/** What PostgreSQL and the way to it say, in the words of the ledger. */
import pg from 'pg';
import { LedgerError, type LedgerErrorCode } from '../ledger/error.js';

/** Which of the two stores a PostgreSQL stands for. */
export type StoreErrorCode = 'log-unavailable' | 'store-unavailable';

const NAMES: Readonly<Record<StoreErrorCode, string>> = {
  'log-unavailable': 'the event log',
  'store-unavailable': 'the read model',
};

/** SQLSTATEs, whole or their class, that pass by themselves or when the operator has dealt with the server. */
const PASSING = [
  '08', // connection exception
  '40', // serialization failure, deadlock
  '53', // insufficient resources: memory, disk, connections
  '55P03', // lock not available
  '57P', // shutting down, starting, idle for too long
  '58', // input and output
  '25006', // a standby, before or after a failover
  '25P03', // idle in transaction for too long
  '25P04', // transaction timeout
  '0A000', // a cached plan whose result type was changed by a migration
  'XX001', // a damaged page: an operator's matter, no bug of ours
  'XX002', // a damaged index
];

/** Nothing was sent yet when the system says this. */
const NOT_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOENT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'EACCES',
]);

const DISCONNECTED = new Set(['ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'ENOTCONN', 'EBADF']);

/** The server ends the session with these, whatever the statement in it has come to. */
const ENDS_SESSION = /^(08...|57P0[125]|25P04|58...|XX...)$/;

/** node-postgres' own errors have a message only; before a statement was sent, and possibly after. */
const NEVER_SENT =
  /^(timeout exceeded when trying to connect|timeout expired|Connection terminated due to connection timeout|Cannot use a pool after calling end|The server does not support SSL connections|There was an error establishing an SSL connection|Client has encountered a connection error|Client was closed)/;
const BROKEN_OFF = /^(Connection terminated|Query read timeout|Received unexpected )/;

/**
 * The LedgerError that an error of pg means: `what` (retryable) for trouble that passes, `access-denied`,
 * `too-slow`, `schema-version`, `invalid-configuration`, else `internal`. A LedgerError stays itself.
 */
export function storeError(error: unknown, what: StoreErrorCode): LedgerError {
  if (error instanceof LedgerError) return error;
  if (error instanceof pg.DatabaseError && error.code !== undefined)
    return databaseError(error, error.code, what);
  const { message, code } = describe(error);
  if (isConnectionTrouble(message, code)) {
    return new LedgerError(what, `${NAMES[what]} cannot be reached: ${message}`, { cause: error });
  }
  if (message.startsWith('SASL')) {
    return new LedgerError('access-denied', `${NAMES[what]} refuses the login: ${message}`, { cause: error });
  }
  return new LedgerError('internal', message, { cause: error });
}

function databaseError(error: pg.DatabaseError, sqlstate: string, what: StoreErrorCode): LedgerError {
  const name = NAMES[what];
  const as = (code: LedgerErrorCode, message: string): LedgerError =>
    new LedgerError(code, `${message}: ${error.message} (SQLSTATE ${sqlstate})`, { cause: error });
  if (sqlstate === '57014') return as('too-slow', `${name} ended a statement`);
  if (sqlstate.startsWith('28')) return as('access-denied', `${name} refuses the login`);
  if (sqlstate === '42501') return as('access-denied', `${name} refuses a right`);
  if (sqlstate === '3D000') return as('invalid-configuration', `${name} is not there`);
  if (['42P01', '42703', '42883', '3F000'].includes(sqlstate)) {
    return as('schema-version', `${name} lacks what this program needs; run event-ledger migrate`);
  }
  if (PASSING.some((prefix) => sqlstate.startsWith(prefix))) return as(what, `${name} is not available`);
  return new LedgerError('internal', `${name} refused a statement: ${withoutValues(error, sqlstate)}`);
}

/** Messages of data and constraint errors quote the data, which belongs in no log. */
function withoutValues(error: pg.DatabaseError, sqlstate: string): string {
  const quotesData = sqlstate.startsWith('22') || sqlstate.startsWith('23');
  const places = [error.schema, error.table, error.column, error.constraint, error.routine];
  const where = places.filter((place) => place !== undefined).join(', ');
  return `SQLSTATE ${sqlstate}${quotesData ? '' : `, ${error.message}`}${where === '' ? '' : ` (${where})`}`;
}

/**
 * Whether a statement that ended in this error may have been carried out all the same: the connection was lost
 * after it was sent. False: it was refused, rolled back, or never sent.
 */
export function mayHaveHappened(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return ENDS_SESSION.test(error.code ?? '');
  const { message, code } = describe(error);
  return !NOT_CONNECTED.has(code) && !NEVER_SENT.test(message);
}

function isConnectionTrouble(message: string, code: string): boolean {
  return (
    NOT_CONNECTED.has(code) ||
    DISCONNECTED.has(code) ||
    code.startsWith('ERR_SSL') ||
    code.startsWith('ERR_TLS') ||
    NEVER_SENT.test(message) ||
    BROKEN_OFF.test(message)
  );
}

/** Node gives one error for several addresses an empty message. */
function describe(error: unknown): { readonly message: string; readonly code: string } {
  if (!(error instanceof Error)) return { message: String(error), code: '' };
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return { message: error.message === '' ? code : error.message, code };
}
