/** The event log as deep verification reads it: everything up to a position, each event once, and never waiting for more. */
import type { EventLog, LogBatch } from '../event-log/port.js';
import type { LogView } from '../ledger/deep-stores.js';
import { LedgerError } from '../ledger/error.js';
import type { Position, RecordedEvent } from '../ledger/types.js';

/** A log that delivers nothing for so long, although it has more, is given up. */
const SILENCE_MS = 30_000;

/** @param last where to end, inclusive; null: nothing is read */
export function viewLog(log: EventLog, last: Position | null, silenceMs = SILENCE_MS): LogView {
  return {
    events: () => eventsUpTo(log, last, silenceMs),
    lookUp: (source, revision) => log.lookUp(source, revision),
    async firstShown(source) {
      for await (const { revision } of log.readSource(source, { limit: 1 })) return revision;
      return null;
    },
    comparePositions: (a, b) => log.comparePositions(a, b),
  };
}

async function* eventsUpTo(
  log: EventLog,
  last: Position | null,
  silenceMs: number,
): AsyncGenerator<readonly RecordedEvent[], void, void> {
  if (last === null) return;
  const isAfter = (position: Position, other: Position | null): boolean =>
    other === null || log.comparePositions(position, other) > 0;
  const ended = new AbortController();
  let handed: Position | null = null;
  try {
    const batches = log.subscribe({ after: null, signal: ended.signal })[Symbol.asyncIterator]();
    for (;;) {
      const batch = await withinTime(batches, silenceMs);
      if (batch === null) return;
      const events: RecordedEvent[] = [];
      for (const event of batch.events) {
        if (isAfter(event.position, last)) break;
        // delivered again
        if (!isAfter(event.position, handed)) continue;
        handed = event.position;
        events.push(event);
      }
      if (events.length > 0) yield events;
      const reached = batch.events.at(-1)?.position;
      if (reached !== undefined && !isAfter(last, reached)) return;
      if (batch.live && (await isEnd(log, handed, isAfter))) return;
    }
  } finally {
    ended.abort();
  }
}

/** A subscription may say that it is live when the log was only slow; what is newest tells. */
async function isEnd(
  log: EventLog,
  handed: Position | null,
  isAfter: (position: Position, other: Position | null) => boolean,
): Promise<boolean> {
  const newest = await log.newest();
  return newest === null || !isAfter(newest, handed);
}

/** @returns null when there are no more */
async function withinTime(batches: AsyncIterator<LogBatch>, limitMs: number): Promise<LogBatch | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new LedgerError(
      'log-unavailable',
      `the event log delivered nothing for ${limitMs / 1000} s`,
    );
    timer = setTimeout(() => reject(error), limitMs);
  });
  try {
    const result = await Promise.race([batches.next(), late]);
    return result.done === true ? null : result.value;
  } finally {
    clearTimeout(timer);
  }
}
