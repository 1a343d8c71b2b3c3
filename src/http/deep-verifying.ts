/** Deep verification with real stores: the parts that it is made of, and the head between which they are read. */
import { setImmediate as pause } from 'node:timers/promises';
import type { EventLog } from '../event-log/port.js';
import type { Judging } from '../ledger/deep-stores.js';
import { verifyDeep, type DeepStores } from '../ledger/deep-verification.js';
import { LedgerError } from '../ledger/error.js';
import type { Position } from '../ledger/types.js';
import type { Progress, Verification, VerificationOptions } from '../ledger/verification.js';
import type { LedgerReader } from '../read-model/port.js';
import { SchemaRegistry } from '../schemas/registry.js';
import { judgeEvent } from '../schemas/verdict.js';
import { viewLog } from './log-view.js';
import { refusal } from './problem.js';

export interface ComparedStores {
  readonly reader: Pick<LedgerReader, 'snapshot' | 'deepChecks'>;
  readonly log: EventLog;
}

/** The whole ledger against the whole log: see verifyDeep. */
export function verifyAgainstLog(
  stores: ComparedStores,
  options: Pick<VerificationOptions, 'selfCheck'>,
): AsyncGenerator<Progress, Verification, void> {
  return verifyDeep(() => openBoth(stores), options);
}

/**
 * The head's position is read twice: before the snapshot, to be held against its entry's event, and after it, as the
 * end of what is read of the log. Whatever is recorded meanwhile is neither missing nor too much.
 */
async function openBoth({ reader, log }: ComparedStores): Promise<DeepStores> {
  await requireWholeLog(log);
  const checks = reader.deepChecks();
  const head = await checks.head();
  const view = await reader.snapshot();
  const { size, position } = await checks.head();
  const end = position !== null && isPosition(log, position) ? position : null;
  const parts = {
    log: viewLog(log, end ?? (size === 0 ? null : await log.newest())),
    end,
    places: checks.places,
    payloadIndex: checks.payloadIndex,
    judging: judging(),
    head,
    pause: () => pause(),
  };
  return { view, parts };
}

/**
 * A process that serves the API need not be allowed to read the whole log. That it is not is said before everything is
 * read for nothing, in the log's own words: what is missing, and what to do. No other failure keeps what full verification
 * finds from being found.
 */
async function requireWholeLog(log: EventLog): Promise<void> {
  try {
    await log.newest();
  } catch (error) {
    if (!(error instanceof LedgerError && error.code === 'access-denied')) return;
    throw refusal('access-denied', `${error.message}. mode=full does without it.`);
  }
}

/** Whoever alters the head may have written anything there. */
function isPosition(log: EventLog, position: Position): boolean {
  try {
    return log.comparePositions(position, position) === 0;
  } catch (error) {
    if (error instanceof LedgerError && error.code === 'invalid-input') return false;
    throw error;
  }
}

/** As the projector judges (src/projector/preparation.ts). */
function judging(): Judging {
  const registry = new SchemaRegistry();
  return {
    judge: (event, duplicate) => judgeEvent(event, { duplicate, registry }),
    learn: (entry) => registry.apply(entry),
  };
}
