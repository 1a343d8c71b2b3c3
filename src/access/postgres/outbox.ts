/** The outbox: a table that events of `_access` are written to, and taken from when the log has them. */
import type { Outbox } from '../port.js';
import type { OutboxOptions } from './outbox-options.js';
import { OutboxRelay } from './outbox-relay.js';
import { OutboxWriter } from './outbox-writer.js';

export function openOutbox(options: OutboxOptions): Outbox {
  const writer = new OutboxWriter(options);
  let relay: OutboxRelay | null = null;
  return {
    put: (event) => writer.put(event),
    note: (event) => writer.note(event),
    deliver(deliver) {
      relay ??= new OutboxRelay({ ...options, deliver });
    },
    waiting: () => writer.waiting(),
    async close() {
      await Promise.all([writer.close(), relay?.close()]);
    },
  };
}
