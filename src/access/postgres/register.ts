/** Changing the table of credentials. What is changed is told to every process by the table's trigger. */
import pg from 'pg';
import { LedgerError } from '../../ledger/error.js';
import { storeError } from '../../postgres/errors.js';
import { createPool, inTransaction } from '../../postgres/pool.js';
import {
  requireFit,
  type CredentialFacts,
  type CredentialKind,
  type WantedCredential,
} from '../credential.js';
import type { CredentialRegister, IssuedCredential } from '../port.js';
import { hashOfPassword, hashOfSecret, keyText, newId, newSalt, newSecret } from '../secret.js';
import { FACTS, factsOf, type FactsRow } from './rows.js';

const UNIQUE_VIOLATION = '23505';

/** @param options.url a login of the group `credentials`, or of the database's owner */
export function openCredentialRegister(options: { readonly url: string }): CredentialRegister {
  const pool = createPool({ url: options.url, applicationName: 'event-ledger credential', max: 1 });
  const asked = async <Result>(ask: () => Promise<Result>): Promise<Result> => {
    try {
      return await ask();
    } catch (error) {
      throw storeError(error, 'store-unavailable');
    }
  };
  return {
    add: (wanted) =>
      asked(() => {
        requireFit(wanted);
        return inTransaction(pool, 'BEGIN', (client) => issue(client, wanted));
      }),
    list: () => asked(() => list(pool)),
    revoke: (id) => asked(() => inTransaction(pool, 'BEGIN', (client) => revoke(client, id))),
    rotate: (id, overlapMs) =>
      asked(() => inTransaction(pool, 'BEGIN', (client) => rotate(client, id, overlapMs))),
    close: () => pool.end(),
  };
}

async function list(pool: pg.Pool): Promise<readonly CredentialFacts[]> {
  const { rows } = await pool.query<FactsRow>(
    `SELECT ${FACTS} FROM access.credential ORDER BY name, created_at, id`,
  );
  return rows.map(factsOf);
}

async function issue(client: pg.ClientBase, wanted: WantedCredential): Promise<IssuedCredential> {
  const { name, roles, sources, kind, lifetimeMs } = wanted;
  const id = newId();
  const { secret, hash, salt } = await makeSecret(id, kind);
  try {
    const { rows } = await client.query<FactsRow>(
      `INSERT INTO access.credential (id, name, roles, sources, kind, hash, salt, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, now() + $8::float8 * interval '1 millisecond')
       RETURNING ${FACTS}`,
      [id, name, roles, sources, kind, hash, salt, lifetimeMs],
    );
    return { credential: factsOf(oneOf(rows, id)), secret };
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== UNIQUE_VIOLATION) throw error;
    throw new LedgerError('invalid-input', `${name} has a password already: rotate it, or revoke it first`);
  }
}

interface MadeSecret {
  /** what its owner is told */
  readonly secret: string;
  readonly hash: Buffer;
  readonly salt: Buffer | null;
}

/** Passwords are made here, too: a chosen one is weaker, and would stand in somebody's shell history. */
async function makeSecret(id: string, kind: CredentialKind): Promise<MadeSecret> {
  const secret = newSecret();
  if (kind === 'key') return { secret: keyText({ id, secret }), hash: hashOfSecret(secret), salt: null };
  const salt = newSalt();
  return { secret, hash: await hashOfPassword(secret, salt), salt };
}

async function revoke(client: pg.ClientBase, id: string): Promise<CredentialFacts> {
  const { rows } = await client.query<FactsRow>(
    `UPDATE access.credential SET revoked_at = coalesce(revoked_at, now()) WHERE id = $1 RETURNING ${FACTS}`,
    [id],
  );
  return factsOf(oneOf(rows, id));
}

async function rotate(client: pg.ClientBase, id: string, overlapMs: number): Promise<IssuedCredential> {
  const { rows } = await client.query<FactsRow>(
    `SELECT ${FACTS} FROM access.credential WHERE id = $1 FOR UPDATE`,
    [id],
  );
  const old = factsOf(oneOf(rows, id));
  if (old.revokedAt !== null) throw new LedgerError('invalid-input', `the credential ${id} was revoked`);
  if (overlapMs === 0) await revoke(client, id);
  else if (old.kind === 'key') await expire(client, id, overlapMs);
  else throw new LedgerError('invalid-input', 'a password ends when there is another one: it cannot overlap');
  const lifetimeMs = old.expiresAt === null ? null : old.expiresAt.getTime() - old.createdAt.getTime();
  return await issue(client, { ...old, lifetimeMs });
}

/** Never later than it would have. */
async function expire(client: pg.ClientBase, id: string, afterMs: number): Promise<void> {
  await client.query(
    `UPDATE access.credential
     SET expires_at = least(expires_at, now() + $2::float8 * interval '1 millisecond') WHERE id = $1`,
    [id, afterMs],
  );
}

function oneOf(rows: readonly FactsRow[], id: string): FactsRow {
  const [row] = rows;
  if (row !== undefined) return row;
  throw new LedgerError('invalid-input', `there is no credential ${JSON.stringify(id)}`);
}
