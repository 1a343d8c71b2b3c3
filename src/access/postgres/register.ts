/** Changing the table of credentials. What is changed is told to every process by the table's trigger. */
import pg from 'pg';
import { storeError } from '../../postgres/errors.js';
import { createPool, inTransaction } from '../../postgres/pool.js';
import type { AccessEvent, Doer } from '../access-event.js';
import { credentialAdded, credentialRevoked, credentialRotated } from '../credential-events.js';
import type { CredentialFacts, CredentialKind, WantedCredential } from '../credential.js';
import type { CredentialRegister, IssuedCredential } from '../port.js';
import { CredentialRefusal, requireFit } from '../refusal.js';
import { hashOfPassword, hashOfSecret, keyText, newId, newSalt, newSecret } from '../secret.js';
import { waiting } from './waiting.js';
import { insertEvents } from './outbox-rows.js';
import { FACTS, factsOf, type FactsRow } from './rows.js';

const UNIQUE_VIOLATION = '23505';

/** Requests at once, of admins: others wait for their turn, but not for long. */
const AT_ONCE = 4;

/** @param options.url a login of the group `credentials`, or of the database's owner */
export function openCredentialRegister(options: { readonly url: string }): CredentialRegister {
  const pool = createPool({ url: options.url, applicationName: 'event-ledger credential', max: AT_ONCE });
  const asked = async <Result>(ask: () => Promise<Result>): Promise<Result> => {
    try {
      return await ask();
    } catch (error) {
      throw storeError(error, 'store-unavailable');
    }
  };
  return {
    add: (wanted, by) =>
      asked(() => {
        requireFit(wanted);
        return inTransaction(pool, 'BEGIN', (client) => add(client, wanted, by));
      }),
    list: () => asked(() => list(pool)),
    revoke: (id, by) => asked(() => inTransaction(pool, 'BEGIN', (client) => revoke(client, id, by))),
    rotate: (id, overlapMs, by) =>
      asked(() => inTransaction(pool, 'BEGIN', (client) => rotate(client, id, overlapMs, by))),
    close: () => pool.end(),
  };
}

async function list(pool: pg.Pool): Promise<readonly CredentialFacts[]> {
  const { rows } = await pool.query<FactsRow>(
    `SELECT ${FACTS} FROM access.credential ORDER BY name, created_at, id`,
  );
  return rows.map(factsOf);
}

async function add(client: pg.ClientBase, wanted: WantedCredential, by: Doer): Promise<IssuedCredential> {
  const issued = await issue(client, wanted);
  await record(client, credentialAdded(issued.credential, by));
  return issued;
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
    throw new CredentialRefusal(
      { kind: 'has-password' },
      `${name} has a password already: rotate it, or revoke it first`,
    );
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

async function revoke(client: pg.ClientBase, id: string, by: Doer): Promise<CredentialFacts> {
  const credential = await lock(client, id);
  if (credential.revokedAt !== null) return credential;
  const revoked = await end(client, id);
  await record(client, credentialRevoked(revoked, by));
  return revoked;
}

async function rotate(
  client: pg.ClientBase,
  id: string,
  overlapMs: number,
  by: Doer,
): Promise<IssuedCredential> {
  const old = await lock(client, id);
  if (old.revokedAt !== null)
    throw new CredentialRefusal({ kind: 'revoked' }, `the credential ${id} was revoked`);
  if (overlapMs > 0 && old.kind === 'password')
    throw new CredentialRefusal(
      { kind: 'overlap' },
      'a password ends when there is another one: it cannot overlap',
    );
  const ending = overlapMs === 0 ? await end(client, id) : await expire(client, id, overlapMs);
  const lifetimeMs = old.expiresAt === null ? null : old.expiresAt.getTime() - old.createdAt.getTime();
  const issued = await issue(client, { ...old, lifetimeMs });
  await record(client, credentialRotated(issued.credential, ending, by));
  return issued;
}

/** Nobody else changes it before the transaction ends. */
async function lock(client: pg.ClientBase, id: string): Promise<CredentialFacts> {
  const { rows } = await client.query<FactsRow>(
    `SELECT ${FACTS} FROM access.credential WHERE id = $1 FOR UPDATE`,
    [id],
  );
  return factsOf(oneOf(rows, id));
}

async function end(client: pg.ClientBase, id: string): Promise<CredentialFacts> {
  const { rows } = await client.query<FactsRow>(
    `UPDATE access.credential SET revoked_at = now() WHERE id = $1 RETURNING ${FACTS}`,
    [id],
  );
  return factsOf(oneOf(rows, id));
}

/** Never later than it would have. */
async function expire(client: pg.ClientBase, id: string, afterMs: number): Promise<CredentialFacts> {
  const { rows } = await client.query<FactsRow>(
    `UPDATE access.credential
     SET expires_at = least(expires_at, now() + $2::float8 * interval '1 millisecond') WHERE id = $1
     RETURNING ${FACTS}`,
    [id, afterMs],
  );
  return factsOf(oneOf(rows, id));
}

function oneOf(rows: readonly FactsRow[], id: string): FactsRow {
  const [row] = rows;
  if (row !== undefined) return row;
  throw new CredentialRefusal({ kind: 'unknown' }, `there is no credential ${JSON.stringify(id)}`);
}

/** In the transaction of the change. Whom the database knows the login by is a fact, whoever it is done for. */
async function record(client: pg.ClientBase, event: AccessEvent): Promise<void> {
  const { rows } = await client.query<{ login: string }>('SELECT session_user::text AS login');
  const context = { ...event.by.context, databaseLogin: rows[0]?.login ?? null };
  await insertEvents(client, [waiting({ ...event, by: { ...event.by, context } })]);
}
