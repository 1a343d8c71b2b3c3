/** What was done to the log itself, as the projector hears of it from a log whose order is set by hand. */
import pino from 'pino';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { AdministrativeRecord, EventLog } from '../../src/event-log/port.js';
import { LedgerError } from '../../src/ledger/error.js';
import type { Instant } from '../../src/ledger/types.js';
import { Alarms, type Alarm } from '../../src/projector/alarms.js';
import { startProjector, type Projector } from '../../src/projector/projector.js';
import type { LedgerWriter } from '../../src/read-model/port.js';
import { MemoryLedger, type CommitFault } from './memory-ledger.js';
import { MemoryLog } from './memory-log.js';

const running: Projector[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((projector) => projector.stop()));
});

interface Guarded extends Projector {
  /** lines of the log that tell of an alarm */
  readonly said: () => number;
}

function project(log: MemoryLog, ledger: MemoryLedger, events = 50): Guarded {
  const lines: string[] = [];
  const projector = startProjector({
    log: log as unknown as EventLog,
    writer: ledger as unknown as LedgerWriter,
    logger: pino({}, { write: (line: string) => void lines.push(line) }),
    limits: { events, bytes: 1_000_000, ms: 5 },
  });
  running.push(projector);
  const said = (): number => lines.filter((line) => line.includes('"msg":"alarm"')).length;
  return { status: () => projector.status(), stop: () => projector.stop(), said };
}

const until = (condition: () => void): Promise<void> =>
  vi.waitFor(condition, { timeout: 10_000, interval: 2 });
const sized = (ledger: MemoryLedger, size: number): Promise<void> =>
  until(() => expect(ledger.entries).toHaveLength(size));
const codes = ({ alarms }: { readonly alarms: readonly Alarm[] | MemoryLedger['alarms'] }) =>
  alarms.map(({ code, source }) => `${code} ${source ?? 'of all'}`);

describe('what was done to the log', () => {
  it.each<[AdministrativeRecord['what'], string]>([
    ['truncated', 'log-truncated'],
    ['retention', 'log-retention'],
    ['deleted', 'stream-deleted'],
    ['tombstoned', 'stream-tombstoned'],
    ['scavenged', 'log-scavenged'],
    ['settings-changed', 'settings-changed'],
  ])('is an alarm, of the time when it was done, and stops nothing: %s', async (what, code) => {
    const [log, ledger] = [new MemoryLog(), new MemoryLedger()];
    log.write({});
    log.administer({ what, detail: 'as told' });
    log.write({});
    const projector = project(log, ledger);
    await sized(ledger, 2);
    const alarm = { code, source: 'billing', since: '2026-11-20T10:00:00.000Z', detail: 'as told' };
    expect(ledger.alarms).toMatchObject([alarm]);
    expect(projector.status()).toMatchObject({ state: 'leading', alarms: [alarm] });
    expect(projector.said()).toBe(1);
  });

  it('is an alarm at once, also when no event follows', async () => {
    const [log, ledger] = [new MemoryLog(), new MemoryLedger()];
    project(log, ledger);
    log.administer({});
    await until(() => expect(ledger.alarms).toHaveLength(1));
  });

  it('is told once over restarts, though it is delivered again', async () => {
    const [log, ledger] = [new MemoryLog(), new MemoryLedger()];
    log.write({});
    log.administer({});
    log.administer({ place: 'again' });
    const first = project(log, ledger);
    await until(() => expect(first.said()).toBe(2));
    await first.stop();
    const second = project(log, ledger);
    await until(() => expect(second.status().alarms).toHaveLength(2));
    log.administer({ place: 'new' });
    await until(() => expect(ledger.alarms).toHaveLength(3));
    await until(() => expect(second.said()).toBe(1));
  });

  it('is kept before the entries that follow it, so that a crash between loses neither', async () => {
    const [log, ledger] = [new MemoryLog(), new MemoryLedger()];
    log.write({});
    log.administer({});
    log.write({});
    const outage = (): LedgerError => new LedgerError('store-unavailable', 'no database');
    ledger.alarmFaults.push(outage(), outage(), outage(), outage());
    const first = project(log, ledger);
    await until(() => expect(ledger.alarmFaults.length).toBeLessThan(3));
    await first.stop();
    expect(ledger.entries.length).toBeLessThan(2);
    expect(ledger.alarms).toHaveLength(0);
    ledger.alarmFaults.length = 0;
    const second = project(log, ledger);
    await sized(ledger, 2);
    expect(ledger.alarms).toHaveLength(1);
    expect([first.said(), second.said()]).toEqual([0, 1]);
  });

  it.each<CommitFault>(['not-written', 'reply-lost', 'session-lost'])(
    'is never lost and told once, in whatever batches, when commits fail: %s',
    async (fault) => {
      const [log, ledger] = [new MemoryLog(), new MemoryLedger()];
      for (let i = 0; i < 60; i++) {
        log.write({ source: `source ${i % 3}`, payload: { i } });
        if (i % 5 === 0) log.administer({ source: `source ${i % 3}` });
      }
      log.batch = 7;
      ledger.faults.push(null, fault, null, fault);
      const projector = project(log, ledger, 4);
      await sized(ledger, 60);
      expect(ledger.alarms).toHaveLength(12);
      await until(() => expect(projector.said()).toBe(12));
    },
  );

  it('is kept again where another read model came into the place of the one that had it', async () => {
    const [log, ledger] = [new MemoryLog(), new MemoryLedger()];
    log.administer({});
    project(log, ledger);
    await until(() => expect(ledger.alarms).toHaveLength(1));
    ledger.alarms.length = 0;
    ledger.loseSession();
    await until(() => expect(ledger.alarms).toHaveLength(1));
  });

  it('is kept under the name that entries have, whatever the stream is called', async () => {
    const [log, ledger] = [new MemoryLog(), new MemoryLedger()];
    log.administer({ source: 'x'.repeat(1_000_000), detail: 'a\u0000b\ud800 '.repeat(1_000) });
    log.administer({ source: `~sha256:${'y'.repeat(5_000)}` });
    project(log, ledger);
    await until(() => expect(ledger.alarms).toHaveLength(2));
    for (const { source, detail } of ledger.alarms) {
      expect(source).toMatch(/^~sha256:[0-9a-f]{64}$/);
      expect(detail.length).toBeLessThan(1_100);
      expect(detail).not.toMatch(/[\p{Cc}\p{Cs}]/u);
    }
  });
});

describe('an alarm of the ledger’s own', () => {
  it('about revisions that skip outlives the process that raised it', async () => {
    const [log, ledger] = [new MemoryLog(), new MemoryLedger()];
    log.write({ revision: 5 });
    const projector = project(log, ledger);
    await sized(ledger, 1);
    await projector.stop();
    expect(codes(ledger)).toEqual(['revision-gap billing']);
  });

  it('about another log names the size that the ledger stays at', async () => {
    const [log, ledger] = [new MemoryLog(), new MemoryLedger()];
    log.write({}, {});
    const first = project(log, ledger);
    await sized(ledger, 2);
    await first.stop();
    log.events = [];
    for (let restart = 0; restart < 2; restart++) {
      const projector = project(log, ledger);
      await until(() => expect(projector.status().state).toBe('diverged'));
      await until(() => expect(ledger.alarms).toHaveLength(1));
      await projector.stop();
    }
    expect(ledger.alarms).toMatchObject([{ code: 'log-diverged', source: null, place: 'size 2' }]);
  });
});

describe('where an end of the ledger is hidden', () => {
  async function hidden(count: number, hide: (revision: number) => boolean) {
    const [log, ledger] = [new MemoryLog(), new MemoryLedger()];
    for (let i = 0; i < count; i++) log.write({ source: 'hot', payload: { i } });
    const projector = project(log, ledger, 10_000);
    await sized(ledger, count);
    await projector.stop();
    for (let i = 0; i < count; i++) if (hide(i)) log.hidden.add(`hot ${i}`);
    return { log, ledger };
  }

  it('the first entry that its stream still shows is compared, however far that is', async () => {
    const { log, ledger } = await hidden(1_500, (revision) => revision < 1_400);
    log.write({ source: 'hot' });
    project(log, ledger);
    await sized(ledger, 1_501);
    expect(codes(ledger)).toEqual(['log-truncated hot']);
  });

  it('another event there means another log', async () => {
    const { log, ledger } = await hidden(1_500, (revision) => revision < 1_400);
    const shown = log.events[1_400];
    if (shown !== undefined) log.events[1_400] = { ...shown, data: Buffer.from('{}') };
    const projector = project(log, ledger);
    await until(() => expect(projector.status().state).toBe('diverged'));
  });

  it('it is said that nothing could be compared where all is hidden, and events go on', async () => {
    const { log, ledger } = await hidden(30, () => true);
    log.write({ source: 'other' });
    project(log, ledger);
    await sized(ledger, 31);
    expect(codes(ledger)).toEqual(['log-truncated hot', 'log-not-compared of all']);
  });
});

describe('alarms', () => {
  it('are bounded in this process, and kept all the same', async () => {
    const [alarms, kept] = [new Alarms(() => undefined), new MemoryLedger()];
    const leadership = await kept.lead(new AbortController().signal);
    if (leadership === null) throw new Error('never aborted');
    for (let n = 0; n < 3_000; n++) {
      const since = '2026-11-20T10:00:00.000Z' as Instant;
      alarms.raise({ code: 'log-scavenged', source: null, place: `scavenge ${n}`, since, detail: '' });
    }
    await alarms.keep(leadership);
    expect(alarms.list()).toHaveLength(1_000);
    expect(kept.alarms).toHaveLength(3_000);
  });
});
