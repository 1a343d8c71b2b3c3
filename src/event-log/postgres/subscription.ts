/**
 * Everything after a position, in order, without gaps.
 *
 * Why no event can be missed: whoever appends holds the counter's lock from before its positions are given out until
 * it has committed, so positions become visible in order, and a page that shows position n shows all below it that
 * will ever be. Reading on from the last position seen is therefore exact, and the bell only says when to look.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Position, RecordedEvent } from '../../ledger/types.js';
import type { LogBatch } from '../port.js';
import type { Bell } from './bell.js';
import type { Page } from './page.js';

/** So often a live subscription looks by itself, in case that a notification was lost. */
const LOOK_EVERY_MS = 1_000;

/**
 * A page of so many events shows that more are coming at once. The next look waits until the one before it is so long ago:
 * whatever is done for each page is then done for many events, and costs those who append less.
 */
const BUSY_EVENTS = 8;
const REST_MS = 25;

export interface SubscriptionParts {
  readonly read: (after: number) => Promise<Page>;
  readonly bell: Pick<Bell, 'rung' | 'wait'>;
  /** ends it, without error */
  readonly signal: AbortSignal;
}

export async function* subscription(
  start: number,
  { read, bell, signal }: SubscriptionParts,
): AsyncGenerator<LogBatch, void, undefined> {
  const look = (after: number): Look => {
    const page = read(after);
    // one that nobody waits for any more
    page.catch(() => undefined);
    return { rung: bell.rung, page, at: performance.now() };
  };

  let after = start;
  let saidLive = false;
  let ahead: Look | null = null;
  for (;;) {
    const { rung, page, at } = ahead ?? look(after);
    ahead = null;
    const found = await untilAborted(page, signal);
    if (found === null) return;

    after = lastPosition(found.events) ?? after;
    // the next page is read while the consumer works on this one, and no further
    if (found.full) ahead = look(after);
    if (found.events.length > 0 || !saidLive) yield { events: found.events, live: !found.full };
    saidLive = !found.full;
    if (found.full) continue;
    await bell.wait(rung, LOOK_EVERY_MS, signal);
    if (found.events.length >= BUSY_EVENTS) await rest(at + REST_MS - performance.now(), signal);
  }
}

interface Look {
  /** what the bell said before the page was read */
  readonly rung: number;
  readonly page: Promise<Page>;
  /** when it began, as performance.now() says it */
  readonly at: number;
}

async function rest(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) await delay(ms, undefined, { signal }).catch(() => undefined);
}

function lastPosition(events: readonly RecordedEvent[]): number | null {
  const position = events.at(-1)?.position;
  return position === undefined ? null : Number(position);
}

/** Null as soon as the signal is aborted, whatever the promise does. */
async function untilAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value | null> {
  if (signal.aborted) return null;
  let abort = (): void => undefined;
  const aborted = new Promise<null>((resolve) => {
    abort = () => resolve(null);
    signal.addEventListener('abort', abort);
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/**
 * @returns null for text that this log never gave out as a position. Those that it did are safe integers; what is larger
 *   is larger than all of them
 */
export function parsePosition(position: Position | null): number | null {
  if (position === null) return 0;
  return /^(0|[1-9][0-9]{0,15})$/.test(position) ? Number(position) : null;
}
