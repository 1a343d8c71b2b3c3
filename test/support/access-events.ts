/** The events that the ledger records of those who use it, as tests look at them. */
import type { Doer } from '../../src/access/access-event.js';
import type { TestApi } from './api.js';
import { asSuperuser, type TestDatabase } from './database.js';

export const SOMEBODY: Doer = { recordedBy: 'somebody', actor: null, context: null };

export interface AccessLine {
  readonly entry: {
    readonly id: string;
    readonly index: number;
    readonly type: string;
    readonly verdict: string;
    readonly recordedBy: string;
    readonly actor: string | null;
    readonly occurredAt: string;
  };
  readonly payload: Record<string, unknown>;
  readonly metadata: { readonly context?: Record<string, unknown> };
}

/** The entries of `_access`, the oldest first, once nothing waits any more. */
export async function accessLines(api: TestApi): Promise<readonly AccessLine[]> {
  await untilDelivered(api.database);
  await api.caughtUp();
  const { body } = await api.get<{ events: AccessLine[] }>(
    '/v1/events?source=_access&internal=true&order=asc&limit=500',
  );
  return body.events;
}

/** How many wait to be recorded. */
export function waitingIn(database: TestDatabase): Promise<number> {
  return asSuperuser(database, async (client) => {
    const { rows } = await client.query<{ count: number }>(
      'SELECT count(*)::int AS count FROM access.outbox',
    );
    return rows[0]?.count ?? -1;
  });
}

export async function untilDelivered(database: TestDatabase, limitMs = 20_000): Promise<void> {
  const deadline = performance.now() + limitMs;
  while ((await waitingIn(database)) > 0) {
    if (performance.now() > deadline) throw new Error('the outbox was not emptied');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
