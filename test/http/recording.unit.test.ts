import pino from 'pino';
import { describe, expect, it } from 'vitest';
import type { AppendOutcome, Candidate, ReadOptions } from '../../src/event-log/port.js';
import { admit, type Admitted } from '../../src/http/admission.js';
import { recordEvents, type Outcome, type Pending } from '../../src/http/recording.js';
import { LedgerError, type LedgerErrorCode } from '../../src/ledger/error.js';
import type { Json, RecordedEvent, Revision } from '../../src/ledger/types.js';

const logger = pino({ level: 'silent' });
const lookups = { find: () => Promise.resolve({ entries: new Map(), since: 0 as Revision }) };

function pending(members: Record<string, Json> = {}): Pending {
  const event = admit({ ok: true, value: { source: 's', type: 't', payload: 1, ...members } }, null, 'admin');
  return { event: event as Admitted, item: null, violations: [] };
}

/** A log that answers each append in turn: with an error, or as it is told. */
function logOf(...answers: (LedgerErrorCode | ((candidate: Candidate) => AppendOutcome))[]) {
  const attempts: (readonly Candidate[])[] = [];
  return {
    attempts,
    append: (_source: string, candidates: readonly Candidate[]) => {
      attempts.push(candidates);
      const answer = answers[Math.min(attempts.length, answers.length) - 1] ?? 'internal';
      if (typeof answer === 'string') return Promise.reject(new LedgerError(answer, 'as the test wants it'));
      return Promise.resolve(candidates.map(answer));
    },
    reads: [] as unknown[],
    stream: [] as RecordedEvent[],
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
    const present = (same: boolean) => (candidate: Candidate) =>
      ({
        status: 'present',
        event: { ...candidate, revision: 3, metadata: same ? candidate.metadata : pending().event.metadata },
      }) as unknown as AppendOutcome;
    expect(await record(logOf(present(true)), one)).toMatchObject({ status: 'queued', revision: 3 });
    expect(await record(logOf(present(false)), one)).toMatchObject({ status: 'replay', revision: 3 });
  });

  it.each([
    [5, { from: 5 }],
    [null, { direction: 'backwards', limit: 10_000 }],
  ])('what the schema refuses is looked for in the log first, from %j on', async (since, options) => {
    const log = logOf('internal');
    const find = () => Promise.resolve({ entries: new Map(), since: since as Revision | null });
    const violations = [{ pointer: '/payload', keyword: 'type', detail: 'must be object' }];
    const [known, unknown] = [pending({ id: 'x' }), pending({ id: 'y' })].map((one) => ({
      ...one,
      violations,
    }));
    if (known === undefined || unknown === undefined) throw new RangeError();
    const { id, data } = known.event;
    const { metadata } = pending().event;
    log.stream.push({ id, type: 't', data, metadata, revision: 6 } as RecordedEvent);
    const outcomes = await recordEvents({ log, lookups: { find }, logger }, 's', [known, unknown]);
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
