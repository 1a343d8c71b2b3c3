/** Who asks, and what they may: roles, and the sources that a writer writes to and a reader reads. Pure. */
import { isReserved } from '../ledger/name.js';
import { meetsAny, type SourcePattern } from '../ledger/source-pattern.js';

/** What a credential is for. */
export const ROLES = ['writer', 'reader', 'auditor', 'monitor', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** Those that are for some sources; others are about all. */
export const WITH_SOURCES: readonly Role[] = ['writer', 'reader'];

/** What routes ask for. */
export type Right =
  /** record events */
  | 'write'
  /** read events: of every source, but for a reader's */
  | 'read'
  /** what only all sources together tell: counts, the head */
  | 'survey'
  /** verify, export, prove */
  | 'verify'
  /** metrics, health in full */
  | 'monitor'
  /** change schemas and credentials */
  | 'administer';

const RIGHTS: Readonly<Record<Role, readonly Right[]>> = {
  writer: ['write'],
  reader: ['read'],
  auditor: ['read', 'survey', 'verify'],
  monitor: ['monitor'],
  admin: ['write', 'read', 'survey', 'verify', 'monitor', 'administer'],
};

/** Whom a request's credentials belong to. */
export interface Principal {
  /** stands in the metadata of what it records: 1–512 bytes */
  readonly name: string;
  readonly roles: readonly Role[];
  /** what a writer writes to, and a reader reads; other roles are about all */
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
  return principal.roles.includes('writer') && meetsAny(source, principal.sources);
}

/**
 * The sources whose events somebody may read, on routes that need the right to; null: all. Of others nothing may be seen,
 * nor that there are any.
 */
export function readableBy({ roles, sources }: Principal): readonly SourcePattern[] | null {
  return roles.includes('auditor') || roles.includes('admin') ? null : sources;
}

/** Whether somebody may read the events of a source, on routes that need the right to. */
export function mayRead(principal: Principal, source: string): boolean {
  const within = readableBy(principal);
  return within === null || meetsAny(source, within);
}
