/** Who asks, and what they may: roles, and the sources that a writer writes to. Pure. */
import { isReserved } from '../ledger/name.js';

/** What a credential is for. */
export const ROLES = ['writer', 'auditor', 'monitor', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** What routes ask for. */
export type Right =
  /** record events */
  | 'write'
  /** read every source */
  | 'read'
  /** verify, export, prove */
  | 'verify'
  /** metrics, health in full */
  | 'monitor'
  /** change schemas and credentials */
  | 'administer';

const RIGHTS: Readonly<Record<Role, readonly Right[]>> = {
  writer: ['write'],
  auditor: ['read', 'verify'],
  monitor: ['monitor'],
  admin: ['write', 'read', 'verify', 'monitor', 'administer'],
};

/**
 * A source by its name, or all whose names begin alike, such as `billing.*`. A star is one only at the end. Sources of
 * the ledger's own, which begin with `_`, are met by patterns alone that do, too.
 */
export type SourcePattern = string;

/** Whom a request's credentials belong to. */
export interface Principal {
  /** stands in the metadata of what it records: 1–512 bytes */
  readonly name: string;
  readonly roles: readonly Role[];
  /** what a writer writes to; an admin writes to every source but the ledger's own */
  readonly sources: readonly SourcePattern[];
}

/** Who may do everything, such as the user whose password is in the configuration. */
export function administrator(name: string): Principal {
  return { name, roles: ['admin'], sources: [] };
}

export function may(principal: Principal, right: Right): boolean {
  return principal.roles.some((role) => RIGHTS[role].includes(right));
}

/** The ledger's own sources are nobody's to write to. */
export function mayWriteTo(principal: Principal, source: string): boolean {
  if (isReserved(source)) return false;
  if (principal.roles.includes('admin')) return true;
  return principal.roles.includes('writer') && principal.sources.some((pattern) => meets(source, pattern));
}

export function meets(source: string, pattern: SourcePattern): boolean {
  if (!pattern.endsWith('*')) return source === pattern;
  const beginning = pattern.slice(0, -1);
  return source.startsWith(beginning) && (beginning !== '' || !isReserved(source));
}
