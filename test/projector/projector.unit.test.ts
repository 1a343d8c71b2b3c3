import fc from 'fast-check';
import pino from 'pino';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { EventLog } from '../../src/event-log/port.js';
import { LedgerError } from '../../src/ledger/error.js';
import { appendLeaves, EMPTY_TREE } from '../../src/ledger/tiles.js';
import type { RecordedEvent } from '../../src/ledger/types.js';
import { startProjector, type Projector } from '../../src/projector/projector.js';
import type { Limits } from '../../src/projector/reading.js';
import type { LedgerWriter } from '../../src/read-model/port.js';
import { MemoryLedger, type CommitFault } from './memory-ledger.js';
import { MemoryLog } from './memory-log.js';

const QUICK: Limits = { events: 50, bytes: 1_000_000, ms: 5 };

const running: Projector[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((projector) => projector.stop()));
});

interface Said {
  readonly level: string;
  readonly msg: string;
}

function project(
  log: MemoryLog,
  ledger: MemoryLedger,
  limits = QUICK,
): Projector & { readonly said: Said[] } {
  const said: Said[] = [];
  const write = (line: string): void => void said.push(JSON.parse(line) as Said);
  const logger = pino({ formatters: { level: (level) => ({ level }) } }, { write });
  const projector = startProjector({
    log: log as unknown as EventLog,
    writer: ledger as unknown as LedgerWriter,
    logger,
    limits,
  });
  running.push(projector);
  return { status: () => projector.status(), stop: () => projector.stop(), said };
}

async function sized(ledger: MemoryLedger, size: number): Promise<void> {
  await vi.waitFor(() => expect(ledger.entries).toHaveLength(size), { timeout: 5_000, interval: 2 });
}

async function entered(projector: Projector, state: string): Promise<void> {
  await vi.waitFor(() => expect(projector.status().state).toBe(state), { timeout: 5_000, interval: 2 });
}

/** What the log holds, made into a ledger in one go. */
async function ledgerOf(events: readonly RecordedEvent[]): Promise<MemoryLedger> {
  const log = new MemoryLog();
  log.events = [...events];
  const ledger = new MemoryLedger();
  const projector = project(log, ledger, { events: 100_000, bytes: 1e9, ms: 1000 });
  await sized(ledger, events.length);
  await projector.stop();
  return ledger;
}

describe('the projector', () => {
  it('makes every event one entry, in log order, with its verdict', async () => {
    const [log, ledger] = [new MemoryLog(), new MemoryLedger()];
    log.write({ source: 'a' }, { source: 'b', type: '~' }, { source: 'a', data: Buffer.from('{') });
    project(log, ledger);
    await sized(ledger, 3);
    log.write({ source: 'b' });
    await sized(ledger, 4);
    expect(
      ledger.entries.map(({ header }) => [header.index, header.source, header.revision, header.verdict]),
    ).toEqual([
      [0, 'a', 0, 'accepted'],
      [1, 'b', 0, 'rejected'],
      [2, 'a', 1, 'rejected'],
      [3, 'b', 1, 'accepted'],
    ]);
    expect(ledger.state.position).toBe('4');
  });

  it('makes the same ledger whatever the batches are, tiles included', async () => {
    const log = new MemoryLog();
    for (let i = 0; i < 600; i++) log.write({ source: `source ${i % 7}`, payload: { i } });
    const whole = await ledgerOf(log.events);
    await fc.assert(
      fc.asyncProperty(
        fc.record({ events: fc.integer({ min: 1, max: 300 }), bytes: fc.integer({ min: 1, max: 3000 }) }),
        fc.integer({ min: 1, max: 400 }),
        async (limits, batch) => {
          const ledger = new MemoryLedger();
          log.batch = batch;
          const projector = project(log, ledger, { ...limits, ms: 5 });
          await sized(ledger, 600);
          await projector.stop();
          expect(ledger.state).toEqual(whole.state);
          expect(Math.max(...ledger.batches.map(({ entries }) => entries.length))).toBeLessThanOrEqual(
            limits.events,
          );
        },
      ),
      { numRuns: 8 },
    );
    const { tree } = appendLeaves(
      EMPTY_TREE,
      whole.entries.map(({ hash }) => hash),
    );
    expect(whole.state.tree).toEqual(tree);
  }, 120_000);

  it('judges by what was registered at a lower index, in the same batch too', async () => {
    const [log, ledger] = [new MemoryLog(), new MemoryLedger()];
    const register = (schema: boolean): void =>
      void log.write({
        source: '_schemas',
        type: 'schema.registered',
        payload: { type: 't', schema, judge: 1 },
      });
    log.write({ type: 't' });
    register(false);
    log.write({ type: 't' }, { type: 'u' });
    const projector = project(log, ledger);
    await sized(ledger, 4);
    register(true);
    log.write({ type: 't' });
    await sized(ledger, 6);
    expect(ledger.entries.map(({ header }) => header.verdict)).toEqual([
      ...['accepted', 'accepted', 'rejected', 'accepted', 'accepted', 'accepted'],
    ]);
    register(false);
    await sized(ledger, 7);
    await projector.stop();
    log.write({ type: 't' });
    project(log, ledger);
    await sized(ledger, 8);
    expect(ledger.entries[7]?.header).toMatchObject({
      verdict: 'rejected',
      schema: ledger.entries[2]?.header.schema,
    });
  });

  it.each([1, 2, 50])(
    'calls an event a duplicate whose id its source has had, in batches of %d',
    async (events) => {
      const [log, ledger] = [new MemoryLog(), new MemoryLedger()];
      const id = '00000000-0000-4000-8000-000000000001';
      log.write({ id }, { id, payload: 'other' }, { id, source: 'elsewhere' });
      const projector = project(log, ledger, { events, bytes: 1e6, ms: 5 });
      await sized(ledger, 3);
      log.write({ id });
      await sized(ledger, 4);
      await projector.stop();
      log.write({ id });
      project(log, ledger);
      await sized(ledger, 5);
      expect(ledger.entries.map(({ header }) => header.verdict)).toEqual([
        ...['accepted', 'duplicate', 'accepted', 'duplicate', 'duplicate'],
      ]);
    },
  );

  it.each([0, 1, 2, 3])(
    'works ahead of the commits by so much only that a duplicate is one, with %d batches between',
    async (between) => {
      const [log, ledger] = [new MemoryLog(), new MemoryLedger()];
      const id = '00000000-0000-4000-8000-000000000001';
      ledger.commitMs = 20;
      log.write({ id }, ...Array.from({ length: between }, () => ({})), { id });
      project(log, ledger, { events: 1, bytes: 1e6, ms: 5 });
      await sized(ledger, between + 2);
      expect(ledger.entries.at(-1)?.header.verdict).toBe('duplicate');
    },
  );

  it('commits at once when the log is at its end', async () => {
    const [log, ledger] = [new MemoryLog(), new MemoryLedger()];
    project(log, ledger, { events: 1_000_000, bytes: 1e9, ms: 60_000 });
    for (let size = 1; size < 4; size++) {
      log.write({});
      await sized(ledger, size);
    }
  });

  it('puts an event that is larger than a batch may be into one of its own', async () => {
    const [log, ledger] = [new MemoryLog(), new MemoryLedger()];
    log.write({}, { metadata: Buffer.alloc(3_000_000) }, {}, {});
    project(log, ledger);
    await sized(ledger, 4);
    expect(ledger.batches.map(({ entries }) => entries.length)).toEqual([1, 1, 2]);
  });

  it('fills the payload index when the log is at its end', async () => {
    const [log, ledger] = [new MemoryLog(), new MemoryLedger()];
    log.write({});
    project(log, ledger);
    await vi.waitFor(() => expect(ledger.indexed).toBeGreaterThan(0), { timeout: 5_000 });
  });
});

describe('when something fails, the projector', () => {
  it.each<CommitFault>(['not-written', 'reply-lost', 'session-lost'])(
    'goes on from the head as the database has it: commits %s',
    async (fault) => {
      const [log, ledger] = [new MemoryLog(), new MemoryLedger()];
      for (let i = 0; i < 300; i++) log.write({ source: `source ${i % 3}`, payload: { i } });
      ledger.faults.push(null, fault, null, fault, fault, null);
      const projector = project(log, ledger);
      await sized(ledger, 300);
      await entered(projector, 'leading');
      expect(ledger.state).toEqual((await ledgerOf(log.events)).state);
      expect(ledger.entries.every(({ header }) => header.verdict === 'accepted')).toBe(true);
    },
  );

  it('resumes after the last event when the subscription breaks, at any moment', async () => {
    const [log, ledger] = [new MemoryLog(), new MemoryLedger()];
    log.refusals.push(new LedgerError('log-unavailable', 'no log yet'));
    project(log, ledger);
    for (let i = 0; i < 5; i++) {
      log.write(...Array.from({ length: 20 }, () => ({})));
      log.interrupt();
      await sized(ledger, (i + 1) * 20);
    }
    expect(ledger.state).toEqual((await ledgerOf(log.events)).state);
  });

  it('goes on after a look-up failed while the log was silent', async () => {
    const [log, ledger] = [new MemoryLog(), new MemoryLedger()];
    log.stalls = true;
    ledger.lookUpFaults.push(new LedgerError('store-unavailable', 'no database'));
    log.write({});
    project(log, ledger);
    await sized(ledger, 1);
  });

  it('stands for election again when its session ends, also while the log is silent', async () => {
    const [log, ledger] = [new MemoryLog(), new MemoryLedger()];
    log.write({});
    const projector = project(log, ledger);
    await sized(ledger, 1);
    ledger.loseSession();
    await vi.waitFor(() => expect(ledger.leads).toBe(2), { timeout: 5_000, interval: 2 });
    await entered(projector, 'leading');
  });

  describe('says so', () => {
    const INTERRUPTED = 'warn projecting was interrupted; it is tried again until it succeeds';
    const FAILED = 'error projecting failed; it is tried again until it succeeds';
    const AGAIN = 'info projecting again';

    async function hears(projector: ReturnType<typeof project>, ...lines: readonly string[]): Promise<void> {
      const heard = (): readonly string[] => projector.said.map(({ level, msg }) => `${level} ${msg}`);
      await vi.waitFor(() => expect(heard()).toEqual(lines), { timeout: 5_000, interval: 2 });
    }

    it('once an outage, and again when it is over', async () => {
      const [log, ledger] = [new MemoryLog(), new MemoryLedger()];
      const outage = (n: number): LedgerError => new LedgerError('store-unavailable', `no database ${n}`);
      ledger.refusals.push(outage(0), outage(1), outage(2));
      log.write({});
      const projector = project(log, ledger);
      await entered(projector, 'retrying');
      expect(projector.status().detail).toBe('no database 0');
      await sized(ledger, 1);
      await entered(projector, 'leading');
      expect(projector.status().detail).toBeNull();
      await hears(projector, INTERRUPTED, AGAIN);
      log.interrupt();
      await hears(projector, INTERRUPTED, AGAIN, INTERRUPTED, AGAIN);
    });

    it('as a warning where it passes by itself: the log restarts, ends the subscription, the session is lost', async () => {
      for (const interrupt of [
        (log: MemoryLog) => log.interrupt(),
        (log: MemoryLog) => log.end(),
        (_: MemoryLog, ledger: MemoryLedger) => ledger.loseSession(),
      ]) {
        const [log, ledger] = [new MemoryLog(), new MemoryLedger()];
        log.write({});
        const projector = project(log, ledger);
        await sized(ledger, 1);
        await hears(projector);
        interrupt(log, ledger);
        await hears(projector, INTERRUPTED, AGAIN);
      }
    });

    it('as an error where it needs a person, also in the middle of an outage', async () => {
      const [log, ledger] = [new MemoryLog(), new MemoryLedger()];
      const refused = (): LedgerError => new LedgerError('access-denied', 'no right');
      ledger.refusals.push(new LedgerError('store-unavailable', 'no database'), refused(), refused());
      log.write({});
      const projector = project(log, ledger);
      await hears(projector, INTERRUPTED, FAILED, AGAIN);
    });

    it('of no subscription that was dropped as too slow and goes on', async () => {
      const [log, ledger] = [new MemoryLog(), new MemoryLedger()];
      log.drops = 3;
      log.write({});
      const projector = project(log, ledger);
      await sized(ledger, 1);
      await hears(projector);
      expect(projector.status().counts.interruptions).toEqual({ 'slow-consumer': 3, other: 0 });
    });

    it('when it waits for its turn, and when it takes the lead', async () => {
      const [log, ledger] = [new MemoryLog(), new MemoryLedger()];
      const waits = 'info another projector has the lead; this one waits to take over';
      ledger.taken = true;
      log.write({});
      const projector = project(log, ledger);
      await hears(projector, waits);
      ledger.give();
      await sized(ledger, 1);
      await hears(projector, waits, 'info this projector has taken the lead');
    });
  });

  it('makes smaller batches, down to single events, of what the store does not take as one', async () => {
    const [log, ledger] = [new MemoryLog(), new MemoryLedger()];
    ledger.capacity = 3;
    for (let i = 0; i < 20; i++) log.write({});
    project(log, ledger);
    await sized(ledger, 20);
  });

  it('waits for its turn while another one leads', async () => {
    const [log, ledger] = [new MemoryLog(), new MemoryLedger()];
    ledger.taken = true;
    ledger.refusals.push(new LedgerError('store-unavailable', 'no database'));
    const projector = project(log, ledger);
    await entered(projector, 'retrying');
    await entered(projector, 'waiting');
    expect(projector.status().detail).toBeNull();
  });

  it('stops in about a second, also when the store hangs', async () => {
    const [log, ledger] = [new MemoryLog(), new MemoryLedger()];
    ledger.faults.push('hangs');
    log.write({});
    const projector = project(log, ledger);
    await expect.poll(() => ledger.faults, { interval: 2 }).toHaveLength(0);
    const started = performance.now();
    await projector.stop();
    expect(performance.now() - started).toBeLessThan(3_000);
    await entered(projector, 'stopped');
  });
});

describe('what a projector has done', () => {
  it('is counted: batches and their entries by verdict, and what they took', async () => {
    const [log, ledger] = [new MemoryLog(), new MemoryLedger()];
    const id = '00000000-0000-4000-8000-000000000001';
    ledger.commitMs = 20;
    log.write({ id }, { id }, { type: '~' }, {}, {});
    const projector = project(log, ledger, { events: 3, bytes: 1e6, ms: 5 });
    await sized(ledger, 5);
    await expect.poll(() => projector.status().counts.batches, { interval: 2 }).toBe(2);
    const { counts } = projector.status();
    expect(counts.entries).toEqual({ accepted: 3, rejected: 1, duplicate: 1 });
    expect(counts.commitSeconds).toBeGreaterThan(0.03);
    expect(counts.commitSeconds).toBeLessThan(5);
    expect(counts.redeliveries).toBe(0);
  });

  it('is counted: interruptions of the subscription that were none of its own', async () => {
    const [log, ledger] = [new MemoryLog(), new MemoryLedger()];
    log.write({});
    const projector = project(log, ledger);
    await sized(ledger, 1);
    log.interrupt();
    await vi.waitFor(() => expect(log.subscriptions).toBe(2), { timeout: 5_000, interval: 2 });
    log.end();
    await vi.waitFor(() => expect(log.subscriptions).toBe(3), { timeout: 5_000, interval: 2 });
    ledger.loseSession();
    await vi.waitFor(() => expect(log.subscriptions).toBe(4), { timeout: 5_000, interval: 2 });
    await projector.stop();
    expect(projector.status().counts.interruptions).toEqual({ 'slow-consumer': 0, other: 2 });
  });
});

describe('what is delivered again', () => {
  it('is dropped when it is the same event', async () => {
    const [log, ledger] = [new MemoryLog(), new MemoryLedger()];
    const written = log.write({}, { source: 'b' }, {});
    const projector = project(log, ledger);
    await sized(ledger, 3);
    log.events.push(...written);
    log.write({});
    await sized(ledger, 4);
    expect(projector.status().counts.redeliveries).toBe(3);
    expect(ledger.entries.every(({ header }) => header.verdict === 'accepted')).toBe(true);
  });

  it('is dropped, too, while what it repeats is being committed', async () => {
    const [log, ledger] = [new MemoryLog(), new MemoryLedger()];
    ledger.commitMs = 50;
    log.events.push(...log.write({}));
    log.write({});
    const projector = project(log, ledger, { events: 1, bytes: 1e6, ms: 5 });
    await sized(ledger, 2);
    expect(projector.status().state).toBe('leading');
    expect(ledger.leads).toBe(1);
  });

  it.each<[string, (event: RecordedEvent) => RecordedEvent]>([
    [
      'another id',
      (event) => ({ ...event, id: '00000000-0000-4000-8000-000000000099' as RecordedEvent['id'] }),
    ],
    ['other data', (event) => ({ ...event, data: Buffer.from('{"n":-1}') })],
    ['other metadata', (event) => ({ ...event, metadata: Buffer.from('{}') })],
  ])('means another log when it has %s', async (_, change) => {
    const [log, ledger] = [new MemoryLog(), new MemoryLedger()];
    const [first] = log.write({}, {});
    const projector = project(log, ledger);
    await sized(ledger, 2);
    if (first !== undefined)
      log.events.push({ ...change(first), position: '3' as RecordedEvent['position'] });
    log.write({});
    await entered(projector, 'diverged');
    expect(ledger.entries).toHaveLength(2);
  });

  it('means another log when it differs from what was delivered a moment before', async () => {
    const [log, ledger] = [new MemoryLog(), new MemoryLedger()];
    const [first] = log.write({}, {});
    if (first !== undefined) log.events.push({ ...first, data: Buffer.from('{"n":-1}') });
    const projector = project(log, ledger);
    await entered(projector, 'diverged');
    expect(ledger.entries).toHaveLength(0);
  });

  it('means another log when positions run backwards', async () => {
    const [log, ledger] = [new MemoryLog(), new MemoryLedger()];
    log.write({}, {});
    const projector = project(log, ledger);
    await sized(ledger, 2);
    log.write({ position: 1 });
    await entered(projector, 'diverged');
    expect(ledger.entries).toHaveLength(2);
  });
});

describe('revisions that skip', () => {
  it('are an alarm, once for each source, and stop nothing', async () => {
    const [log, ledger] = [new MemoryLog(), new MemoryLedger()];
    log.write({ revision: 5 }, { source: 'b' }, { revision: 9 }, { source: 'b' });
    const projector = project(log, ledger);
    await sized(ledger, 4);
    const { alarms, state } = projector.status();
    expect([state, alarms.length]).toEqual(['leading', 1]);
    expect(alarms[0]).toMatchObject({ code: 'revision-gap', source: 'billing' });
    expect(alarms[0]?.detail).toContain('revisions 0 to 4');
    expect(projector.said.filter(({ msg }) => msg === 'alarm')).toHaveLength(1);
  });
});

describe('before it goes on, the projector looks whether the log is the one it knows', () => {
  async function afterTwenty(): Promise<{ log: MemoryLog; ledger: MemoryLedger }> {
    const [log, ledger] = [new MemoryLog(), new MemoryLedger()];
    for (let i = 0; i < 20; i++) log.write({ source: `source ${i % 4}` });
    const projector = project(log, ledger);
    await sized(ledger, 20);
    await projector.stop();
    return { log, ledger };
  }

  it.each<[string, (log: MemoryLog) => void]>([
    ['that was restored from an older backup', (log) => void (log.events = log.events.slice(0, 10))],
    ['that is empty', (log) => void (log.events = [])],
    [
      'of another ledger',
      (log) => {
        log.events = [];
        for (let i = 0; i < 30; i++) log.write({ source: `source ${i % 4}` });
      },
    ],
    [
      'whose first event is another one',
      (log) => {
        const first = log.events[0];
        if (first !== undefined) log.events[0] = { ...first, data: Buffer.from('{}') };
      },
    ],
  ])('and writes nothing from a log %s', async (_, change) => {
    const { log, ledger } = await afterTwenty();
    change(log);
    log.write({}, {}, {});
    const projector = project(log, ledger);
    await entered(projector, 'diverged');
    const { detail, alarms } = projector.status();
    expect(detail).toContain('Nothing was written');
    expect(alarms).toMatchObject([{ code: 'log-diverged', source: null }]);
    expect(ledger.entries).toHaveLength(20);
    expect(projector.said.map(({ level }) => level)).toContain('fatal');
    await projector.stop();
    expect(projector.status().state).toBe('stopped');
  });

  it('and compares the nearest place that can be read when one is hidden, with an alarm', async () => {
    const { log, ledger } = await afterTwenty();
    for (const hidden of ['source 3 4', 'source 2 4', 'source 0 0']) log.hidden.add(hidden);
    log.write({});
    const projector = project(log, ledger);
    await sized(ledger, 21);
    expect(
      projector
        .status()
        .alarms.map(({ code, source }) => `${code} ${source}`)
        .sort(),
    ).toEqual(['log-truncated source 0', 'log-truncated source 2', 'log-truncated source 3']);
  });

  it('and does not go on when that place has another event', async () => {
    const { log, ledger } = await afterTwenty();
    log.hidden.add('source 3 4');
    const at = log.events.findIndex(({ source, revision }) => source === 'source 2' && revision === 4);
    const before = log.events[at];
    if (before !== undefined) log.events[at] = { ...before, data: Buffer.from('{}') };
    const projector = project(log, ledger);
    await entered(projector, 'diverged');
  });

  it('and says which entry was altered when it is the ledger that was', async () => {
    const { log, ledger } = await afterTwenty();
    const [first, second] = ledger.entries;
    if (first === undefined || second === undefined) throw new Error('the ledger is empty');
    ledger.entries[0] = { ...first, header: { ...first.header, id: second.header.id } };
    const projector = project(log, ledger);
    await entered(projector, 'diverged');
    expect(projector.status().detail).toContain('entry 0 was altered in the ledger');
  });

  it('and raises an alarm when there is nothing that it could compare', async () => {
    const [log, ledger] = [new MemoryLog(), new MemoryLedger()];
    log.write({ source: '' }, { source: '~' });
    const projector = project(log, ledger);
    await sized(ledger, 2);
    await projector.stop();
    const again = project(log, ledger);
    log.write({ source: '' });
    await sized(ledger, 3);
    expect(again.status().alarms.map(({ code }) => code)).toEqual(['log-not-compared']);
  });
});
