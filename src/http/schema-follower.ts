/** Keeps the API's schemas those of the ledger: registrations take effect here when they are entries. */
import { EventEmitter, once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Index } from '../ledger/types.js';
import type { LedgerReader } from '../read-model/port.js';
import type { SchemaRegistry } from '../schemas/registry.js';

/** Registrations are rare; the head moves many times a second. */
const PAUSE_MS = 250;
const WAIT_MS = 30_000;
const RETRY_MS = 1_000;
/** What is being read may hang with the database; whoever closes the reader ends it. */
const STOP_MS = 1_000;

export interface SchemaFollower {
  /** Whether the registrations that the ledger had at the start are known. */
  readonly caughtUp: boolean;
  /** Resolves when they are, or after `limitMs`. */
  catchUp(limitMs: number): Promise<void>;
  /** Resolves within a second, also when the ledger hangs. */
  stop(): Promise<void>;
}

export function followSchemas(parts: {
  readonly reader: Pick<LedgerReader, 'registrations' | 'headMoved'>;
  readonly schemas: Pick<SchemaRegistry, 'apply'>;
  readonly logger: Logger;
}): SchemaFollower {
  const { reader, schemas, logger } = parts;
  const stopping = new AbortController();
  const { signal } = stopping;
  const isStopping = (): boolean => signal.aborted;
  let next = 0;
  let caughtUp = false;
  const first = new EventEmitter();

  async function readOn(): Promise<void> {
    for await (const entry of reader.registrations(next as Index)) {
      schemas.apply(entry);
      next = entry.header.index + 1;
    }
    caughtUp = true;
    first.emit('caught-up');
  }

  async function follow(): Promise<void> {
    let failing = false;
    while (!isStopping()) {
      const round = new AbortController();
      // listening begins before reading, so that no move is missed
      const moved = reader.headMoved(WAIT_MS, AbortSignal.any([signal, round.signal]));
      moved.catch(() => undefined);
      let pauseMs = PAUSE_MS;
      try {
        await readOn();
        failing = false;
        await moved;
      } catch (error) {
        if (isStopping()) return;
        if (!failing) logger.warn({ err: error }, 'the schemas cannot be read from the ledger; trying again');
        failing = true;
        pauseMs = RETRY_MS;
        round.abort();
      }
      await delay(pauseMs, null, { signal }).catch(() => null);
    }
  }

  const following = follow();
  return {
    get caughtUp() {
      return caughtUp;
    },
    async catchUp(limitMs) {
      if (!caughtUp)
        await once(first, 'caught-up', { signal: AbortSignal.timeout(limitMs) }).catch(() => null);
    },
    async stop() {
      stopping.abort();
      const enough = new AbortController();
      await Promise.race([following, delay(STOP_MS, null, { signal: enough.signal }).catch(() => null)]);
      enough.abort();
    },
  };
}
