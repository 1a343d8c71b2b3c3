import pino from 'pino';
import { describe, expect, it } from 'vitest';
import type {
  AppendOptions,
  AppendOutcome,
  Candidate,
  LookUp,
  ReadOptions,
} from '../../src/event-log/port.js';
import { admit, type Admitted } from '../../src/http/admission.js';
import { recordEvents, type Outcome, type Pending } from '../../src/http/recording.js';
import { LedgerError, type LedgerErrorCode } from '../../src/ledger/error.js';
import type { Entry, Index, Json, RecordedEvent, Revision } from '../../src/ledger/types.js';
import type { KnownPlace } from '../../src/read-model/port.js';

const logger = pino({ level: 'silent' });
/** The ledger's answer: where it has something, what of that it shows, and how far it has the source. */
function lookupsOf(
  since: Revision | null,
  places: readonly (readonly [Pending, KnownPlace])[] = [],
  ...entries: readonly Entry[]
) {
  return {
    find: () => Promise.resolve({ places: new Map(places.map(([{ event }, at]) => [event.id, at])), since }),
    async *read() {
      await Promise.resolve();
      yield* entries;
    },
  };
}
const lookups = lookupsOf(0 as Revision);

function pending(members: Record<string, Json> = {}): Pending {
  const event = admit({ ok: true, value: { source: 's', type: 't', payload: 1, ...members } }, null, 'admin');
  return { event: event as Admitted, item: null, violations: [] };
}

/** A log that answers each append in turn: with an error, or as it is told. */
function logOf(...answers: (LedgerErrorCode | ((candidate: Candidate) => AppendOutcome))[]) {
  const attempts: (readonly Candidate[])[] = [];
  return {
    attempts,
    options: [] as unknown[],
    append(_source: string, candidates: readonly Candidate[], options?: AppendOptions) {
      attempts.push(candidates);
      this.options.push(options);
      const answer = answers[Math.min(attempts.length, answers.length) - 1] ?? 'internal';
      if (typeof answer === 'string') return Promise.reject(new LedgerError(answer, 'as the test wants it'));
      return Promise.resolve(candidates.map(answer));
    },
    reads: [] as unknown[],
    stream: [] as RecordedEvent[],
    lookUp(_source: string, revision: Revision): Promise<LookUp> {
      const event = this.stream.find((each) => each.revision === revision);
      return Promise.resolve(
        event === undefined ? { status: 'absent', lastRevision: null } : { status: 'found', event },
      );
    },
    async *readSource(_source: string, options?: ReadOptions) {
      this.reads.push(options);
      await Promise.resolve();
      yield* options?.direction === 'backwards' ? this.stream.toReversed() : this.stream;
    },
  };
}

async function record(log: ReturnType<typeof logOf>, one: Pending): Promise<Outcome | undefined> {
  return (await recordEvents({ log, lookups, logger, patienceMs: 300 }, 's', [one])).get(one);
}

const appended = (): AppendOutcome => ({ status: 'appended', revision: 7 as Revision });

describe('recording events', () => {
  it('an append that stays uncertain is 503 in time, and says that the event may have been recorded', async () => {
    const log = logOf('log-uncertain');
    const outcome = await record(log, pending());
    expect(outcome).toMatchObject({ status: 'refused', problem: { code: 'log-uncertain', retryAfter: 2 } });
    expect(JSON.stringify(outcome)).toContain('may have been recorded');
    expect(log.attempts.length).toBeGreaterThan(1);
  });

  it('a log that refuses after an uncertain append leaves it uncertain', async () => {
    const outcome = await record(logOf('log-uncertain', 'log-unavailable'), pending());
    expect(outcome).toMatchObject({ problem: { code: 'log-uncertain' } });
  });

  it('what is sent again has the same identity and bytes, and is looked for', async () => {
    const log = logOf('log-uncertain', appended);
    expect(await record(log, pending())).toMatchObject({ status: 'queued', revision: 7 });
    const [[first] = [], [second] = []] = log.attempts;
    expect(first?.fresh).toBe(true);
    expect(second).toEqual({ ...first, fresh: false });
  });

  it('an event that is found with our own salt is not a replay: its first answer was lost', async () => {
    const one = pending({ id: 'x' });
    const { id, data, metadata } = one.event;
    const log = logOf((): AppendOutcome => ({ status: 'present', revision: 3 as Revision }));
    const event = { id, type: 't', data, metadata, revision: 3 } as RecordedEvent;
    log.stream.push(event);
    expect(await record(log, one)).toMatchObject({ status: 'queued', revision: 3 });
    log.stream.splice(0, 1, { ...event, metadata: pending().event.metadata });
    expect(await record(log, one)).toMatchObject({ status: 'replay', revision: 3 });
    log.stream.splice(0, 1);
    expect(await record(log, one)).toMatchObject({ problem: { code: 'log-unavailable' } });
  });

  it('what the ledger has and cannot show is left to the log, which looks from there on', async () => {
    const [shown, other, hidden] = [pending({ id: 'a' }), pending({ id: 'b' }), pending({ id: 'c' })];
    const places = [shown, other, hidden].map(
      (one, n) => [one, { index: n as Index, revision: (n + 4) as Revision }] as const,
    );
    const { id, data } = shown.event;
    const header = { id, type: 't', revision: 4 };
    const entry = { header, data, metadata: pending().event.metadata } as unknown as Entry;
    const conflicting = { ...entry, header: { ...header, id: other.event.id, type: 'another' } } as Entry;
    const log = logOf(appended);
    const parts = { log, logger, lookups: lookupsOf(9 as Revision, places, entry, conflicting) };
    const outcomes = await recordEvents(parts, 's', [hidden, shown, other]);
    expect(outcomes.get(shown)).toMatchObject({ status: 'replay', revision: 4 });
    expect(outcomes.get(other)).toMatchObject({ problem: { code: 'conflict' } });
    expect(outcomes.get(hidden)).toMatchObject({ status: 'queued', revision: 7 });
    expect(log.options).toEqual([{ since: 6 }]);
  });

  it.each([
    [5, { from: 5 }],
    [null, { direction: 'backwards', limit: 10_000 }],
  ])('what the schema refuses is looked for in the log first, from %j on', async (since, options) => {
    const log = logOf('internal');
    const violations = [{ pointer: '/payload', keyword: 'type', detail: 'must be object' }];
    const [known, unknown] = [pending({ id: 'x' }), pending({ id: 'y' })].map((one) => ({
      ...one,
      violations,
    }));
    if (known === undefined || unknown === undefined) throw new RangeError();
    const { id, data } = known.event;
    const { metadata } = pending().event;
    log.stream.push({ id, type: 't', data, metadata, revision: 6 } as RecordedEvent);
    const outcomes = await recordEvents({ log, lookups: lookupsOf(since as Revision | null), logger }, 's', [
      known,
      unknown,
    ]);
    expect(log.reads).toEqual([options]);
    expect(outcomes.get(known)).toMatchObject({ status: 'replay', revision: 6 });
    expect(outcomes.get(unknown)).toMatchObject({ problem: { code: 'schema-violation' } });
  });

  it('a refusal is not tried again', async () => {
    const log = logOf('log-unavailable');
    expect(await record(log, pending())).toMatchObject({ problem: { code: 'log-unavailable' } });
    expect(log.attempts).toHaveLength(1);
  });

  it('what the log can never take is the fault of the event', async () => {
    const refused = (): AppendOutcome => ({ status: 'refused', reason: 'too large' });
    expect(await record(logOf(refused), pending())).toMatchObject({ problem: { code: 'invalid-event' } });
  });

  it('a bug of the log is an error, not an outcome', async () => {
    await expect(record(logOf('internal'), pending())).rejects.toThrow('as the test wants it');
  });
});
