/** The outbox: a table that events of `_access` are written to, and taken from when the log has them. */
import type { BaseLogger } from 'pino';
import type { Outbox } from '../port.js';
import { OutboxRelay } from './outbox-relay.js';
import { OutboxWriter } from './outbox-writer.js';

export interface OutboxOptions {
  /** a login of the group `api` */
  readonly url: string;
  readonly logger: Pick<BaseLogger, 'error' | 'warn' | 'info'>;
}

export function openOutbox(options: OutboxOptions): Outbox {
  const writer = new OutboxWriter(options);
  let relay: OutboxRelay | null = null;
  return {
    put: (event) => writer.put(event),
    note: (event) => writer.note(event),
    deliver(deliver) {
      relay ??= new OutboxRelay({ ...options, deliver });
    },
    async close() {
      await Promise.all([writer.close(), relay?.close()]);
    },
  };
}
