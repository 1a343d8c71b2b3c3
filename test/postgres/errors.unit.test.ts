import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { LedgerError } from '../../src/ledger/error.js';
import { mayHaveHappened, storeError } from '../../src/postgres/errors.js';

function databaseError(code: string, fields: Partial<pg.DatabaseError> = {}): pg.DatabaseError {
  return Object.assign(new pg.DatabaseError('words of the server', 1, 'error'), { code, ...fields });
}

function systemError(code: string): Error {
  return Object.assign(new Error(`connect ${code} 127.0.0.1:5432`), { code });
}

describe('an error of PostgreSQL becomes', () => {
  test.each([
    ['08006', 'store-unavailable'],
    ['40001', 'store-unavailable'],
    ['40P01', 'store-unavailable'],
    ['53100', 'store-unavailable'],
    ['53300', 'store-unavailable'],
    ['55P03', 'store-unavailable'],
    ['57P01', 'store-unavailable'],
    ['57P03', 'store-unavailable'],
    ['25006', 'store-unavailable'],
    ['57014', 'too-slow'],
    ['28P01', 'access-denied'],
    ['28000', 'access-denied'],
    ['42501', 'access-denied'],
    ['3D000', 'invalid-configuration'],
    ['42P01', 'schema-version'],
    ['23505', 'internal'],
    ['42601', 'internal'],
  ])('%s: %s', (sqlstate, code) => {
    expect(storeError(databaseError(sqlstate), 'store-unavailable').code).toBe(code);
  });

  test.each(['ECONNREFUSED', 'ENOENT', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN'])(
    '%s: the store is unavailable, try again',
    (code) => {
      const error = storeError(systemError(code), 'log-unavailable');
      expect(error).toMatchObject({ code: 'log-unavailable', retryable: true });
    },
  );

  test.each([
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'Connection terminated',
    'timeout expired',
    'timeout exceeded when trying to connect',
    'Query read timeout',
    'Client has encountered a connection error and is not queryable',
  ])('"%s": the store is unavailable, try again', (message) => {
    expect(storeError(new Error(message), 'store-unavailable').code).toBe('store-unavailable');
  });

  test('several refused addresses name the reason', () => {
    const error = Object.assign(new AggregateError([systemError('ECONNREFUSED')]), { code: 'ECONNREFUSED' });
    expect(storeError(error, 'store-unavailable').message).toContain('ECONNREFUSED');
  });

  test('a LedgerError stays itself', () => {
    const error = new LedgerError('fenced', 'another projector was faster');
    expect(storeError(error, 'store-unavailable')).toBe(error);
  });

  test('anything else is a bug of ours', () => {
    expect(storeError(new TypeError('x is not a function'), 'store-unavailable').code).toBe('internal');
  });
});

test('an error about data does not repeat the data', () => {
  const error = databaseError('22P02', {
    message: 'invalid input syntax for type json: "secret"',
    detail: 'Token "secret" is invalid.',
    routine: 'json_errsave_error',
  });
  const { message, cause } = storeError(error, 'store-unavailable');
  expect(message).toContain('22P02');
  expect(message).not.toContain('secret');
  expect(cause).toBeUndefined();
});

describe('whether a statement may have been carried out', () => {
  test.each(['ECONNREFUSED', 'ENOENT', 'ENOTFOUND'])('%s: no, nothing was sent', (code) => {
    expect(mayHaveHappened(systemError(code))).toBe(false);
  });

  test.each(['23505', '40001', '57014', '42501', '57P03', '53300', '28P01'])(
    '%s: no, it was refused',
    (code) => {
      expect(mayHaveHappened(databaseError(code))).toBe(false);
    },
  );

  test.each(['57P01', '57P02', '08006', 'XX000'])('%s: yes, the session ended under it', (code) => {
    expect(mayHaveHappened(databaseError(code))).toBe(true);
  });

  test.each([
    ['Connection terminated unexpectedly', true],
    ['Query read timeout', true],
    ['timeout exceeded when trying to connect', false],
    ['Connection terminated due to connection timeout', false],
  ])('"%s": %s', (message, expected) => {
    expect(mayHaveHappened(new Error(message))).toBe(expected);
  });

  test('a reset connection: yes', () => {
    expect(mayHaveHappened(systemError('ECONNRESET'))).toBe(true);
  });
});
