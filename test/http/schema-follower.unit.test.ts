import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { followSchemas } from '../../src/http/schema-follower.js';
import type { Entry } from '../../src/ledger/types.js';
import type { LedgerReader } from '../../src/read-model/port.js';

const logger = pino({ level: 'silent' });
const schemas = { apply: () => undefined };

/** Registrations that are given, or not, when they are asked for. */
function registrations(next: () => Promise<IteratorResult<Entry>>): LedgerReader['registrations'] {
  return () => ({ [Symbol.asyncIterator]: () => ({ next }) });
}

describe('following the schemas', () => {
  it('begins to listen before it reads', async () => {
    const calls: string[] = [];
    const follower = followSchemas({
      reader: {
        headMoved(_timeoutMs, signal) {
          calls.push('listen');
          return new Promise((resolve) => signal?.addEventListener('abort', () => resolve()));
        },
        registrations: registrations(() => {
          calls.push('read');
          return Promise.resolve({ done: true, value: undefined });
        }),
      },
      schemas,
      logger,
    });
    await follower.catchUp(10_000);
    expect(calls).toEqual(['listen', 'read']);
    await follower.stop();
  });

  it('stops in bounded time, although the ledger hangs', async () => {
    const follower = followSchemas({
      reader: {
        headMoved: () => new Promise(() => undefined),
        registrations: registrations(() => new Promise(() => undefined)),
      },
      schemas,
      logger,
    });
    const begun = performance.now();
    await follower.stop();
    expect(performance.now() - begun).toBeLessThan(5_000);
    expect(follower.caughtUp).toBe(false);
  });

  it('waits once at a time, also when the ledger cannot be read', async () => {
    let waiting = 0;
    let most = 0;
    let reads = 0;
    const follower = followSchemas({
      reader: {
        headMoved(_timeoutMs, signal) {
          most = Math.max(most, (waiting += 1));
          return new Promise((resolve) =>
            signal?.addEventListener('abort', () => {
              waiting -= 1;
              resolve();
            }),
          );
        },
        registrations: registrations(() =>
          (reads += 1) < 3
            ? Promise.reject(new Error('away'))
            : Promise.resolve({ done: true, value: undefined }),
        ),
      },
      schemas,
      logger,
    });
    await follower.catchUp(20_000);
    expect(most).toBe(1);
    await follower.stop();
  });
});
