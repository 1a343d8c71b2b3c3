/**
 * What it costs a write that its principal has a credential of its own: single events with a key, and with a password,
 * beside the same events to the same process from the configured user, who is compared with what the process was started
 * with.
 */
import { openCredentialRegister } from '../../src/access/postgres/register.js';
import type { CredentialKind } from '../../src/access/credential.js';
import type { LedgerDatabase } from '../../test/support/database.js';
import { inTurn, type Bench, type Benchmark, type Result, type Side } from '../benchmark.js';
import { createBenchLedger } from '../support/ledger.js';
import { AUTHORIZATION, basic, sendLoad } from '../support/load.js';

const CONNECTIONS = 64;
const EVENTS = 20_000;
const WRITER = 'bench-writer';

export const AUTHENTICATION: Benchmark = {
  name: 'authentication',
  async run(bench) {
    const ledger = await createBenchLedger(bench);
    try {
      const api = await ledger.start('api');
      try {
        const fixed = sideOf(bench, api.url, AUTHORIZATION);
        const results: Result[] = [];
        for (const kind of ['key', 'password'] as const) {
          const own = sideOf(bench, api.url, await authorizationOf(ledger.database, kind));
          // both are compiled by the time that it counts
          await fixed();
          await own();
          results.push({
            path: `POST /v1/events: a writer's ${kind}, beside the configured user's password`,
            unit: 'events/s',
            ...(await inTurn(bench.rounds, { subject: own, floor: fixed })),
            target: { atLeast: 0.95 },
          });
        }
        return results;
      } finally {
        await api.stop();
      }
    } finally {
      await ledger.remove();
    }
  },
};

/** @returns the header field of a writer to all sources */
async function authorizationOf({ adminUrl }: LedgerDatabase, kind: CredentialKind): Promise<string> {
  const register = openCredentialRegister({ url: adminUrl });
  try {
    const wanted = { name: WRITER, roles: ['writer'], sources: ['*'], kind, lifetimeMs: null } as const;
    const { secret } = await register.add(wanted, { recordedBy: 'bench', actor: null, context: null });
    return kind === 'key' ? `Bearer ${secret}` : basic(WRITER, secret);
  } finally {
    await register.close();
  }
}

let next = 0;

/** Events a second. No event comes twice. */
function sideOf(bench: Bench, url: string, authorization: string): Side {
  const events = bench.quick ? EVENTS / 2 : EVENTS;
  return async () => {
    const bodies = Array.from({ length: events }, () => JSON.stringify(bench.events.event(next++)));
    const { seconds } = await sendLoad({
      ...{ url: `${url}/v1/events`, connections: CONNECTIONS },
      ...{ contentType: 'application/json', bodies, authorization },
    });
    return events / seconds;
  };
}
