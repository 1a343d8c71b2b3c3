/** A database that hangs while it is being opened keeps nobody from stopping. */
import { once } from 'node:events';

/**
 * What the work resolves to; when it is aborted first, the work is left to itself.
 * @throws the signal's reason
 */
export async function unlessAborted<Result>(work: Promise<Result>, signal?: AbortSignal): Promise<Result> {
  if (signal === undefined) return work;
  const enough = new AbortController();
  const aborted = signal.aborted ? Promise.resolve() : once(signal, 'abort', { signal: enough.signal });
  const reason = aborted.then((): never => {
    throw signal.reason;
  });
  try {
    return await Promise.race([work, reason]);
  } finally {
    enough.abort();
  }
}
