/** The table of credentials: its rows, and the statements of those who only read them or note a use. */
import type pg from 'pg';
import type { CredentialFacts, CredentialKind, KnownCredential } from '../credential.js';
import { ROLES, type Role } from '../principal.js';

/** The trigger of the table notifies it. */
export const CHANNEL = 'access_credential';

export const FACTS =
  'id, name, roles, sources, kind, created_at, expires_at, last_used_at, revoked_at' as const;

export interface FactsRow {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly string[];
  readonly sources: readonly string[];
  readonly kind: CredentialKind;
  readonly created_at: Date;
  readonly expires_at: Date | null;
  readonly last_used_at: Date | null;
  readonly revoked_at: Date | null;
}

export function factsOf(row: FactsRow): CredentialFacts {
  return {
    id: row.id,
    name: row.name,
    roles: row.roles.filter(isRole),
    sources: row.sources,
    kind: row.kind,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    revokedAt: row.revoked_at,
  };
}

/** A later program may have given a role that this one does not know: it gives no rights here. */
function isRole(role: string): role is Role {
  return (ROLES as readonly string[]).includes(role);
}

interface KnownRow extends Pick<FactsRow, 'id' | 'name' | 'roles' | 'sources' | 'kind' | 'expires_at'> {
  readonly hash: Buffer;
  readonly salt: Buffer | null;
}

/** By id for keys, by name for passwords. */
export interface Known {
  readonly keys: ReadonlyMap<string, KnownCredential>;
  readonly passwords: ReadonlyMap<string, KnownCredential>;
}

export async function readKnown(client: pg.ClientBase): Promise<Known> {
  const { rows } = await client.query<KnownRow>(
    `SELECT id, name, roles, sources, kind, hash, salt, expires_at FROM access.credential WHERE revoked_at IS NULL`,
  );
  const keys = new Map<string, KnownCredential>();
  const passwords = new Map<string, KnownCredential>();
  for (const row of rows) {
    if (row.kind === 'key') keys.set(row.id, knownOf(row));
    else passwords.set(row.name, knownOf(row));
  }
  return { keys, passwords };
}

function knownOf({ id, name, roles, sources, hash, salt, expires_at }: KnownRow): KnownCredential {
  return {
    id,
    principal: { name, roles: roles.filter(isRole), sources },
    hash,
    salt: salt ?? Buffer.alloc(0),
    expiresAtMs: expires_at?.getTime() ?? Infinity,
  };
}

/** @param used when each was used, by id, in milliseconds since 1970; other processes may know of later uses */
export async function writeUses(client: pg.ClientBase, used: ReadonlyMap<string, number>): Promise<void> {
  await client.query(
    `UPDATE access.credential AS c SET last_used_at = greatest(c.last_used_at, u.used_at)
     FROM unnest($1::text[], $2::timestamptz[]) AS u (id, used_at) WHERE c.id = u.id`,
    [[...used.keys()], [...used.values()].map((ms) => new Date(ms).toISOString())],
  );
}
