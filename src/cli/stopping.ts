/** Being asked to stop, the same way for every command: by Ctrl-C, by the system, by a terminal that closes. */
import { once } from 'node:events';
import { EXIT, type ExitCode } from './exit.js';
import { note } from './output.js';

/** What a command does, until `stop` is aborted: then it puts things in order and ends soon. */
export type Action = (stop: AbortSignal) => Promise<ExitCode>;

/** Runs a command's action and turns its end into the process's. */
export type Run = (action: Action) => Promise<void>;

/**
 * Ctrl-C reaches every process in front of the terminal, and a parent among them (npm) passes on what it got: what comes
 * so soon after the first signal is the same wish once more.
 */
const SAME_WISH_MS = 1_000;

/**
 * Aborted by the first SIGINT, SIGTERM or SIGHUP, which asks for a clean stop; SIGHUP unless `readAgainOnHangUp` was
 * called. Whoever sends another one later no longer waits for it: the process ends at once. To be called once a process.
 */
export function stopOnSignals(): AbortSignal {
  const stopping = new AbortController();
  let asked = 0;
  const stop = (): void => {
    if (!stopping.signal.aborted) {
      asked = performance.now();
      stopping.abort();
    } else if (performance.now() - asked > SAME_WISH_MS) process.exit(EXIT.unavailable);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
  process.on('SIGHUP', () => (onHangUp ?? stop)());
  return stopping.signal;
}

let onHangUp: (() => void) | null = null;

/**
 * From now on SIGHUP is no wish to stop, but to read again what may have changed, as servers have it. The process outlives
 * its terminal then.
 */
export function readAgainOnHangUp(readAgain: () => void): void {
  onHangUp = readAgain;
}

/** Resolves when it is aborted, at once when it is already. */
export async function untilAborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}

/** Whether an error is nothing but the stop, as whatever waited for something else tells of it. */
export function isStop(error: unknown, stop: AbortSignal): boolean {
  if (!stop.aborted) return false;
  for (let cause = error; cause instanceof Error; cause = cause.cause) if (cause === stop.reason) return true;
  return false;
}

/**
 * The end of a command that was asked to stop.
 * @param howFar what was done and what was not
 */
export function stopped(howFar: string): ExitCode {
  note(`event-ledger: stopped: ${howFar}`);
  return EXIT.done;
}
