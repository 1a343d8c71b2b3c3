/** Closing what a command runs: every part, whatever becomes of the others, and all of it in less than 5 s. */
import type { Logger } from 'pino';
import { EXIT } from './exit.js';

export interface Closable {
  readonly name: string;
  /** @param limitMs nobody waits longer for it */
  close(limitMs: number): Promise<void>;
}

/** What closing takes at most. */
const CLOSE_MS = 4_600;

/** Requests under way have 3 s (http/server.ts); what is left is enough to end a server that hangs. */
const PARTS_MS = 3_200;

/** What is nobody's any more, as a socket to a server that hangs, may keep the process for so long. */
const LINGER_MS = 100;

/** When a stop that hangs before anything can be closed is given up. */
const LAST_RESORT_MS = 4_850;

/**
 * Close parts, all at once, and then the stores that they stand on. What fails, or takes too long, is logged and left.
 * Afterwards the process ends, whatever keeps it, with the exit code that is set by then.
 * @returns whether all of it was closed in time
 */
export async function closeInTime(
  parts: readonly Closable[],
  stores: Closable | null,
  logger: Logger,
): Promise<boolean> {
  const deadline = performance.now() + CLOSE_MS;
  const closed = await Promise.all(parts.map((part) => close(part, PARTS_MS, logger)));
  if (stores !== null) closed.push(await close(stores, deadline - performance.now(), logger));
  setTimeout(() => process.exit(), LINGER_MS).unref();
  return closed.every(Boolean);
}

async function close(part: Closable, limitMs: number, logger: Logger): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it takes longer than ${Math.round(limitMs)} ms`)), limitMs);
  });
  try {
    await Promise.race([part.close(limitMs), late]);
    return true;
  } catch (error) {
    logger.error({ err: error, part: part.name }, 'could not be closed in order');
    return false;
  } finally {
    clearTimeout(timer);
  }
}

/** Once asked to stop, the process ends in time, also where something hangs that nobody can close. */
export function endInTime(stop: AbortSignal): void {
  const end = (): void => {
    setTimeout(() => process.exit(EXIT.unavailable), LAST_RESORT_MS).unref();
  };
  if (stop.aborted) end();
  else stop.addEventListener('abort', end, { once: true });
}
