/** One event, recorded: sent until the event log has it, or has refused it for good. */
import { unreachable, type Connection } from './connection.js';
import { encodeEvent, identified, type EventDraft } from './events.js';
import { Patience } from './patience.js';

/** What the API says of an event that it took. */
export type Recorded = {
  readonly eventId: string;
  readonly source: string;
  readonly revision: number;
} & (
  | { readonly status: 'queued' }
  /** the ledger has it, as `waitSeconds` asked */
  | {
      readonly status: 'recorded';
      readonly index: number;
      readonly hash: string;
      readonly verdict: 'accepted' | 'rejected' | 'duplicate';
    }
);

export interface RecordOptions {
  /** wait so long for the ledger to have it, too: at most 30, rounded up to whole ones */
  readonly waitSeconds?: number;
  /** record also what only the schema refuses, to be chained as rejected */
  readonly lenient?: boolean;
  /** how long to go on while the server takes nothing, in milliseconds; 60,000 unless given */
  readonly patienceMs?: number;
  readonly signal?: AbortSignal;
}

const PATIENCE_MS = 60_000;

/**
 * Record an event. Durable when it resolves, and recorded once however often it had to be sent.
 * @throws ApiError refused (`problem` says why), or not acknowledged within its patience: then it may or may not be
 *   recorded, and may be given again with the same id; the signal's reason when aborted
 */
export async function record(
  connection: Connection,
  draft: EventDraft,
  options: RecordOptions = {},
): Promise<Recorded> {
  const { signal } = options;
  const body = encodeEvent(identified(draft));
  const prefer = preferences(options);
  const patience = new Patience({ ms: options.patienceMs ?? PATIENCE_MS, ...(signal && { signal }) });
  for (;;) {
    try {
      const response = await connection.request('/v1/events', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(prefer !== '' && { prefer }) },
        ...{ body, ...(signal && { signal }) },
      });
      return (await response.json()) as Recorded;
    } catch (error) {
      signal?.throwIfAborted();
      await patience.pause(unreachable(connection.url, error));
    }
  }
}

/** The value of the header field Prefer (RFC 7240). */
function preferences({ waitSeconds, lenient }: RecordOptions): string {
  return [
    ...(waitSeconds === undefined ? [] : [`wait=${Math.ceil(waitSeconds)}`]),
    ...(lenient === true ? ['handling=lenient'] : []),
  ].join(', ');
}
