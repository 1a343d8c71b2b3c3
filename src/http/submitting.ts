/** One event of a request through the door. */
import type { FastifyRequest } from 'fastify';
import { LedgerError } from '../ledger/error.js';
import type { Taken } from './answers.js';
import type { Item } from './documents.js';
import type { Door } from './door.js';
import type { EnvelopeReader } from './envelope.js';
import { principalOf } from './guard.js';
import { ProblemError } from './problem.js';

export interface SubmittedOne {
  readonly item: Item;
  readonly read: EnvelopeReader;
  /** record what only the schema refuses; not unless given */
  readonly lenient?: boolean;
}

/** @throws ProblemError when the event is not taken */
export async function submitOne(
  door: Door,
  request: FastifyRequest,
  { item, read, lenient = false }: SubmittedOne,
): Promise<Taken> {
  const principal = principalOf(request);
  const [outcome] = await door.submit({ items: [item], batch: false, read, principal, lenient });
  if (outcome === undefined) throw new LedgerError('internal', 'the door gave no outcome');
  if (outcome.status === 'refused') throw new ProblemError(outcome.problem);
  return outcome;
}
