/** Events of these contracts on their way through the door that all events pass. */
import type { FastifyRequest } from 'fastify';
import { LedgerError } from '../../ledger/error.js';
import type { Taken } from '../answers.js';
import { MAX_EVENT_BYTES, type Item } from '../documents.js';
import type { Door } from '../door.js';
import type { EnvelopeReader } from '../envelope.js';
import { principalOf } from '../guard.js';
import { ProblemError } from '../problem.js';
import { problems } from '../problem-shapes.js';

/** @throws ProblemError when the event is not taken */
export async function report(
  door: Door,
  request: FastifyRequest,
  item: Item,
  read: EnvelopeReader,
): Promise<Taken> {
  const recordedBy = principalOf(request).name;
  const [outcome] = await door.submit({ items: [item], read, batch: false, recordedBy, lenient: false });
  if (outcome === undefined) throw new LedgerError('internal', 'the door gave no outcome');
  if (outcome.status === 'refused') throw new ProblemError(outcome.problem);
  return outcome;
}

/** What each route that takes an event says of itself. */
export const TAKES_ONE = `The body has at most ${MAX_EVENT_BYTES} bytes.`;
export const REFUSALS = problems(400, 403, 409, 413, 415, 422);
