/** What a request may cost, in one place; docs/limits.md explains each. Bytes of UTF-8, and milliseconds. */
import { MAX_TEXT_BYTES } from '../ledger/name.js';

export const MAX_BODY_BYTES = 8 * 1024 * 1024;
export const MAX_BATCH_EVENTS = 1_000;

/** Of one event, in canonical form. */
export const MAX_PAYLOAD_BYTES = 256 * 1024;
export const MAX_METADATA_BYTES = 64 * 1024;

/**
 * One event as it is sent: six times what may be recorded of it (256 KiB of payload and
 * 64 KiB of metadata), as if every character of it were escaped, and some white space.
 */
export const MAX_EVENT_BYTES = 2 * 1024 * 1024;

/** A schema as it is sent: eight times what it may have in canonical form. */
export const MAX_SCHEMA_BODY_BYTES = 512 * 1024;

/** A wanted credential as it is sent: twice its longest list of sources. */
export const MAX_CREDENTIAL_BODY_BYTES = 256 * 1024;

/** How long a credential may live, or overlap with the next: a hundred years. */
export const MAX_CREDENTIAL_SECONDS = 3_155_760_000;

/** A name, every byte of it percent-encoded. */
export const MAX_SEGMENT_BYTES = 3 * MAX_TEXT_BYTES;

/** The URL and all header fields: a query may hold several such names. */
export const MAX_HEAD_BYTES = 32 * 1024;

/** The longest wait (`Prefer: wait`) that is honoured; a longer one is cut to it. */
export const MAX_WAIT_SECONDS = 30;

/** Plain verifications; longer answers do not survive proxies: they are given as lines. */
export const PLAIN_VERIFICATION_MS = 60_000;

export interface TailLimits {
  /** how many are served at once */
  readonly most: number;
  /** how long a client may take nothing of what is there for it */
  readonly patienceMs: number;
}

export const TAILS: TailLimits = { most: 100, patienceMs: 30_000 };

export interface ConnectionLimits {
  /** how many are open at once; those beyond are closed before a byte of them is read */
  readonly most: number;
  /** from the connection's beginning to the end of the handshake, where it is TLS */
  readonly handshakeMs: number;
  /** from a request's first byte, or the connection's beginning, to the end of its header fields */
  readonly headersMs: number;
  /** the same to the end of its body */
  readonly requestMs: number;
  /** no byte in either direction: longer than any silence of ours (Prefer: wait, a verification) */
  readonly silenceMs: number;
  /** between two requests */
  readonly keepAliveMs: number;
  /** how often the times are looked at: what is too slow is cut off so much later at most */
  readonly checkMs: number;
}

export const CONNECTIONS: ConnectionLimits = {
  most: 10_000,
  handshakeMs: 10_000,
  headersMs: 20_000,
  requestMs: 60_000,
  silenceMs: 120_000,
  keepAliveMs: 72_000,
  checkMs: 5_000,
};

/** In a minute, of each; 0: as many as it likes. */
export interface Rates {
  /** requests of an address, probes not counted */
  readonly address: number;
  /** requests of a principal */
  readonly principal: number;
  /** wrong passwords for a user from an address; for a user, and from an address, ten times as many */
  readonly failedLogins: number;
}

/** More than a process answers on most machines: who knows their clients sets less. */
export const RATES: Rates = { address: 1_000_000, principal: 1_000_000, failedLogins: 20 };
