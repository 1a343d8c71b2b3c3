/** The door: where submitted events are checked, recognised and recorded (DESIGN.md, At the door). */
import type { Logger } from 'pino';
import { mayWriteTo, type Principal } from '../access/principal.js';
import type { EventLog } from '../event-log/port.js';
import { LedgerError } from '../ledger/error.js';
import type { JsonProblem } from '../ledger/strict-json.js';
import type { Json } from '../ledger/types.js';
import type { LedgerReader } from '../read-model/port.js';
import { SharedWork } from '../schemas/work.js';
import { admit, prepare, type Admitted } from './admission.js';
import type { Item } from './documents.js';
import { ENVELOPE_PLACES, foreignSource, type EnvelopeReader, type Submission } from './envelope.js';
import { IdentityLookups } from './identity-lookups.js';
import { nameOf, within, type Spot } from './places.js';
import { problemOf, statusOf, type Problem } from './problem.js';
import { recordEvents, type Outcome, type Pending } from './recording.js';
import { inStretches } from './stretches.js';

export interface Submitted {
  readonly items: Iterable<Item>;
  /** how to read them; our own form unless given */
  readonly read?: EnvelopeReader;
  /** whether problems point to an item of a batch */
  readonly batch: boolean;
  /** whose request it is */
  readonly principal: Principal;
  /** record what only the schema refuses */
  readonly lenient: boolean;
}

/** What became of submitted events: refused is the client's fault; unavailable the log's, also where it is uncertain. */
export type Fate = 'queued' | 'replayed' | 'refused' | 'unavailable';

/** Submitted events by their fate, since the door was opened. */
export type SubmittedCounts = Readonly<Record<Fate, number>>;

/** An event of the ledger's own. */
export interface OwnEvent
  extends
    Pick<Submission, 'type' | 'payload'>,
    Partial<Pick<Submission, 'id' | 'occurredAt' | 'actor' | 'context'>> {
  readonly recordedBy: string;
}

export interface Door {
  /**
   * What became of each event, in order: not atomic. `queued` and `replay` are durable.
   * Rejects for bugs only; then some events may have been recorded.
   */
  submit(submitted: Submitted): Promise<readonly Outcome[]>;
  /**
   * Record events of the ledger's own, which no client may submit, in their order; those that were recorded under their
   * ids already are replays. Whether they make sense is the caller's to know.
   */
  recordOwn(source: string, events: readonly OwnEvent[]): Promise<readonly Outcome[]>;
  readonly counts: () => SubmittedCounts;
}

/** What the schema in force says of a payload; pointers are from the payload's root. `shared` is charged for it. */
export type SchemaCheck = (
  source: string,
  type: string,
  payload: () => Json,
  shared: SharedWork,
) => readonly JsonProblem[];

export function openDoor(parts: {
  readonly log: EventLog;
  readonly reader: Pick<LedgerReader, 'identities' | 'entriesAt'>;
  readonly checkSchema: SchemaCheck;
  readonly logger: Logger;
}): Door {
  const { log, reader, logger } = parts;
  const recording = { log, logger, lookups: new IdentityLookups(reader, logger) };
  const counts = { queued: 0, replayed: 0, refused: 0, unavailable: 0 };

  function examine(parsed: Item, index: number, submitted: Submitted, shared: SharedWork): Pending | Outcome {
    const item = submitted.batch ? index : null;
    const { principal } = submitted;
    const event = admit(parsed, item, principal.name, submitted.read);
    if ('code' in event) return { status: 'refused', problem: event };
    const { source, type, places } = event.submission;
    if (!mayWriteTo(principal, source))
      return { status: 'refused', problem: foreignSource(event.submission, item) };
    if (shared.usedUp) return { status: 'refused', problem: tooMuchWork(places.spot('event', item)) };
    shared.grow(event.data.length);
    const violations = submitted.lenient
      ? []
      : parts.checkSchema(source, type, event.payload, shared).map(({ pointer, ...problem }) => ({
          ...within(places.spot('payload', item), pointer),
          ...problem,
        }));
    return { event, item, violations };
  }

  /** Whoever may write where these wait can write what no event is: it is a failure of that one alone. */
  function prepareOwn(submission: Submission, recordedBy: string): Admitted | Problem {
    try {
      return prepare(submission, null, recordedBy);
    } catch (error) {
      logger.error({ err: error, id: submission.id }, "an event of the ledger's own cannot be written down");
      return problemOf(error);
    }
  }

  return {
    async submit(submitted) {
      const outcomes: Outcome[] = [];
      const places = new Map<Pending, number>();
      const bySource = new Map<string, Pending[]>();
      const shared = new SharedWork();
      const othersTurn = inStretches();
      let next = 0;
      for (const parsed of submitted.items) {
        const turn = othersTurn();
        if (turn !== null) await turn;
        const index = next++;
        const examined = examine(parsed, index, submitted, shared);
        if ('status' in examined) {
          outcomes[index] = examined;
          continue;
        }
        places.set(examined, index);
        const { source } = examined.event.submission;
        const others = bySource.get(source);
        if (others === undefined) bySource.set(source, [examined]);
        else others.push(examined);
      }
      const recorded = await Promise.all(
        Array.from(bySource, ([source, pending]) => recordEvents(recording, source, pending)),
      );
      for (const [pending, outcome] of recorded.flatMap((each) => [...each])) {
        outcomes[places.get(pending) ?? 0] = outcome;
      }
      for (const outcome of outcomes) counts[fateOf(outcome)] += 1;
      return outcomes;
    },

    async recordOwn(source, events) {
      const prepared = events.map(({ recordedBy, ...own }): Pending | Outcome => {
        const event = prepareOwn({ ...UNSAID, ...own, source }, recordedBy);
        if ('code' in event) return { status: 'refused', problem: event };
        return { event, item: null, violations: [] };
      });
      const pending = prepared.filter((one) => 'event' in one);
      const outcomes = await recordEvents(recording, source, pending);
      return prepared.map((one) => {
        const outcome = 'event' in one ? outcomes.get(one) : one;
        if (outcome === undefined) throw new LedgerError('internal', 'recording gave no outcome');
        return outcome;
      });
    },

    counts: () => ({ ...counts }),
  };
}

function fateOf(outcome: Outcome): Fate {
  if (outcome.status === 'refused') return statusOf(outcome.problem) < 500 ? 'refused' : 'unavailable';
  return outcome.status === 'replay' ? 'replayed' : 'queued';
}

function tooMuchWork(spot: Spot): Problem {
  const detail =
    'must be sent in a smaller batch: judging the events before it took all the work that one may take';
  return {
    code: 'too-large',
    detail: `${nameOf(spot)} ${detail}`,
    errors: [{ ...spot, keyword: 'work', detail }],
  };
}

const UNSAID: Omit<Submission, 'source' | 'type' | 'payload'> = {
  id: null,
  timestamp: null,
  occurredAt: null,
  actor: null,
  subject: null,
  context: undefined,
  trace: null,
  cloudevent: null,
  places: ENVELOPE_PLACES,
};
