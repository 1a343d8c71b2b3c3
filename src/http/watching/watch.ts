/** What routes tell of those who use them: events of `_access`, by whose request it is. */
import type { FastifyRequest } from 'fastify';
import type { AccessEvent, Doer, JsonObject } from '../../access/access-event.js';
import type { Outbox } from '../../access/port.js';
import { principalOf } from '../guard.js';

export interface Watch {
  /**
   * Before it happens: durable when it resolves.
   * @throws LedgerError `store-unavailable`: then it must not happen
   */
  record(request: FastifyRequest, type: string, payload: JsonObject): Promise<void>;
  /** What happened already. Never rejects, and takes bounded time. */
  note(request: FastifyRequest, type: string, payload: JsonObject): Promise<void>;
}

/** @param outbox without it nothing is recorded */
export function watchInto(outbox: Outbox | undefined): Watch {
  return {
    record: async (request, type, payload) => outbox?.put(eventOf(request, type, payload)),
    note: async (request, type, payload) => outbox?.note(eventOf(request, type, payload)),
  };
}

function eventOf(request: FastifyRequest, type: string, payload: JsonObject): AccessEvent {
  return { type, payload, by: doerOf(request) };
}

/** Who asks, and where from. */
export function doerOf(request: FastifyRequest): Doer {
  const context = { requestId: request.id, ip: request.ip };
  return { recordedBy: principalOf(request).name, actor: null, context };
}
