import { administrator } from '../../src/access/principal.js';
import pino from 'pino';
import { describe, expect, it } from 'vitest';
import type { EventLog } from '../../src/event-log/port.js';
import { openDoor, type SchemaCheck } from '../../src/http/door.js';
import type { Json, Revision } from '../../src/ledger/types.js';

const event = (payload: Json): Json => ({ source: 's', type: 't', payload });

function submit(checkSchema: SchemaCheck, payloads: readonly Json[]) {
  let revision = 0;
  const log = {
    append: (_source: string, candidates: readonly unknown[]) =>
      Promise.resolve(
        candidates.map(() => ({ status: 'appended' as const, revision: revision++ as Revision })),
      ),
  } as Partial<EventLog> as EventLog;
  const nobody = new Error('nobody brings an id');
  const reader = {
    identities: () => Promise.reject(nobody),
    entriesAt: () => {
      throw nobody;
    },
  };
  const door = openDoor({ log, reader, checkSchema, logger: pino({ level: 'silent' }) });
  const items = payloads.map((payload) => ({ ok: true as const, value: event(payload) }));
  return door.submit({ items, batch: true, principal: administrator('admin'), lenient: false });
}

describe('a batch at the door', () => {
  it('that takes long to judge lets others have their turn', async () => {
    let turns = 0;
    const others = setInterval(() => turns++, 0);
    const slow: SchemaCheck = () => {
      const started = performance.now();
      while (performance.now() - started < 20);
      return [];
    };
    await submit(slow, Array<Json>(10).fill(1));
    clearInterval(others);
    expect(turns).toBeGreaterThan(3);
  });

  it('is judged as far as its work is in proportion to its size; the rest is to be sent in a smaller one', async () => {
    const costly: SchemaCheck = (_source, _type, _payload, shared) => {
      shared.spendOnVerdict(1_000_000);
      return [];
    };
    const small = await submit(costly, Array<Json>(10).fill(1));
    expect(small.filter(({ status }) => status === 'queued')).toHaveLength(5);
    expect(small.at(-1)).toMatchObject({
      problem: { code: 'too-large', errors: [{ pointer: '/9', keyword: 'work' }] },
    });
    const large = await submit(costly, Array<Json>(10).fill('x'.repeat(200_000)));
    expect(large.filter(({ status }) => status === 'queued')).toHaveLength(10);
  });
});
