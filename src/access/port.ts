/** Where credentials are kept: what answers requests, and what changes them. */
import type { AccessEvent, Doer, WaitingEvent } from './access-event.js';
import type { CredentialFacts, KnownCredential, WantedCredential } from './credential.js';

/**
 * The credentials as this process knows them, all of them in memory. A change is known within a second as long as the
 * store can be reached; while it cannot, what was known stays. Whether one has expired is for the caller to look.
 */
export interface CredentialStore {
  /** false: they were never read, so that one who is not known may yet be right */
  readonly known: boolean;
  /** the key of this id; null: there is none, or it was revoked */
  key(id: string): KnownCredential | null;
  /** the password of this principal; null: there is none, or it was revoked */
  password(name: string): KnownCredential | null;
  /** Somebody was let in by it just now. Written down within a minute or so; lost when the process is killed. */
  used(id: string): void;
  /** Resolves when they are known, or after the time. */
  ready(limitMs: number): Promise<void>;
  /** Resolves when all that was changed before the call is known, or after the time: it is known a little later then. */
  caughtUp(limitMs: number): Promise<void>;
  /** In bounded time, whatever the store does. */
  close(): Promise<void>;
}

/** A credential that was just made, with its secret: nobody can ask for that again. */
export interface IssuedCredential {
  readonly credential: CredentialFacts;
  /** the whole key, `el_…`, or the password */
  readonly secret: string;
}

/**
 * Changes of credentials. What resolved is durable, and acts on every process within a second. With each change its event
 * of `_access` is committed, by whoever does it: `credential.added`, `credential.revoked` or `credential.rotated`. Errors
 * are LedgerErrors: `store-unavailable`, `access-denied` (the login may not), `schema-version`.
 */
export interface CredentialRegister {
  /** @throws CredentialRefusal for what cannot be, such as a second password of one name */
  add(wanted: WantedCredential, by: Doer): Promise<IssuedCredential>;
  /** All there are and were, by name, the oldest first. */
  list(): Promise<readonly CredentialFacts[]>;
  /** Changes and records nothing where it was revoked already. @throws CredentialRefusal: there is no such credential */
  revoke(id: string, by: Doer): Promise<CredentialFacts>;
  /**
   * Another secret, under another id, for what the credential may; one that expires lives as long as it did. Both are
   * done or neither.
   * @param overlapMs how long the old one still works; a password's ends at once
   * @throws CredentialRefusal: there is no such credential, it was revoked, or it is a password and would overlap
   */
  rotate(id: string, overlapMs: number, by: Doer): Promise<IssuedCredential>;
  close(): Promise<void>;
}

/** What became of an event on its way into the log. `refused`: it never will be recorded as it is. */
export type Delivery = 'recorded' | 'unavailable' | { readonly refused: string };

/** Appends events to `_access`, in their order; those that the log has already are recorded, too. */
export type Deliver = (events: readonly WaitingEvent[]) => Promise<readonly Delivery[]>;

/** Where events of `_access` wait until the log has them. Each is recorded once, whoever is killed meanwhile. */
export interface Outbox {
  /**
   * Durable when it resolves; recorded when the log can take it.
   * @throws LedgerError `store-unavailable`; it may be recorded all the same. `access-denied`
   */
  put(event: AccessEvent): Promise<void>;
  /**
   * For what happened already, and is told anyway: what cannot be written at once is written when it can be, unless the
   * process is killed before. Never rejects, and takes bounded time.
   */
  note(event: AccessEvent): Promise<void>;
  /** Bring what waits into the log, until closed; of several processes one does at a time. */
  deliver(deliver: Deliver): void;
  /** How many wait, 100,000 at most, with those that will never be recorded. @throws LedgerError as `put` does */
  waiting(): Promise<number>;
  /** In bounded time. What still waits is delivered by another process, or the next one. */
  close(): Promise<void>;
}
