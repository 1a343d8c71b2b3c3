/** Trouble between a ledger and its EventStoreDB, at random: every kind of fault, before and after writing. */
import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { EventStoreDouble } from '../eventstore-double/eventstore-double.js';
import type { Failure, When } from '../eventstore-double/faults.js';

/** Shorter than the deadline of an append, and longer. */
const FREEZES_MS = [300, 2_000, 9_000] as const;

const FAILURES: readonly Failure[] = [
  'cut',
  { code: 14, details: 'Connection dropped' },
  { code: 14, details: 'Server Is Not Ready' },
  { code: 13, details: 'Received RST_STREAM with code 2' },
  { code: 4, details: 'Deadline exceeded' },
  { code: 10, details: 'Operation timed out' },
];

type Trouble = (double: EventStoreDouble) => void | Promise<void>;

/** Each kind, those that concern a write twice: not written; written, and the reply lost. */
function kinds(): readonly (readonly [name: string, make: Trouble])[] {
  const appends = (['before', 'after'] as const).flatMap((when: When) =>
    FAILURES.map(
      (failure) =>
        [
          `appends fail ${when} writing: ${JSON.stringify(failure)}`,
          ({ faults }: EventStoreDouble) => faults.failAppends(when, failure, randomInt(1, 4)),
        ] as const,
    ),
  );
  const silences = (['before', 'after'] as const).map(
    (when: When) =>
      [
        `an append has no answer, ${when} writing`,
        ({ faults }: EventStoreDouble) => faults.failAppends(when, 'silence'),
      ] as const,
  );
  const reads = FAILURES.map(
    (failure) =>
      [
        `reads fail: ${JSON.stringify(failure)}`,
        ({ faults }: EventStoreDouble) => faults.failReads(failure, randomInt(1, 4)),
      ] as const,
  );
  const freezes = FREEZES_MS.map(
    (ms) =>
      [
        `frozen for ${ms} ms`,
        async ({ faults }: EventStoreDouble) => {
          faults.freeze();
          await delay(ms);
          faults.thaw();
        },
      ] as const,
  );
  return [
    ...appends,
    ...silences,
    ...reads,
    ...freezes,
    ['connections are cut', ({ faults }) => faults.cut()],
    ['the server restarts', (double) => double.restart()],
    ['subscriptions end', ({ faults }) => faults.endSubscriptions()],
    ['subscriptions fail', ({ faults }) => faults.endSubscriptions({ code: 14, details: 'Unavailable' })],
    ['consumers are too slow', ({ faults }) => faults.dropSlowConsumers()],
    ['consumers are too slow again and again', ({ faults }) => void (faults.slowConsumers = { events: 40 })],
    ['answers come late', ({ faults }) => void (faults.lateness = randomInt(20, 200))],
    ['nothing is allowed', ({ faults }) => void (faults.forbid = true)],
  ];
}

/**
 * One trouble after the other in random order, each healed after a moment, all kinds over and over until stopped, once at
 * the least.
 * @returns what was done, in order
 */
export async function makeTrouble(double: EventStoreDouble, stop: AbortSignal): Promise<readonly string[]> {
  const done: string[] = [];
  for (let round = 0; round === 0 || !stop.aborted; round += 1) {
    for (const [name, make] of shuffled(kinds())) {
      if (round > 0 && stop.aborted) break;
      done.push(name);
      await make(double);
      await delay(randomInt(20, 250));
      double.faults.heal();
      await delay(randomInt(50, 400));
    }
  }
  return done;
}

function shuffled<Item>(items: readonly Item[]): readonly Item[] {
  return items
    .map((item) => ({ item, place: Math.random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ item }) => item);
}
