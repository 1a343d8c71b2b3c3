/** What administrators of EventStoreDB do to the ledger's streams, as projectors, readers and verifications see it. */
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { EventLog } from '../../src/event-log/port.js';
import { openEventStoreDbEventLog } from '../../src/event-log/eventstoredb/event-log.js';
import { verifyLedger, type Verification } from '../../src/ledger/verification.js';
import { startProjector, type Projector } from '../../src/projector/projector.js';
import type { Alarm, LedgerReader } from '../../src/read-model/port.js';
import { openReader } from '../../src/read-model/reader.js';
import { openWriter } from '../../src/read-model/writer.js';
import { startEventStoreDouble, type EventStoreDouble } from '../eventstore-double/eventstore-double.js';
import { proposed } from '../eventstore-double/record.js';
import { candidates } from '../support/event-log.js';
import { createLedgerDatabase, type LedgerDatabase } from '../support/ledger-database.js';

let double: EventStoreDouble;
let database: LedgerDatabase;
let log: EventLog;
let reader: LedgerReader;
let running: Projector[];
let lines: string[];
beforeEach(async () => {
  double = await startEventStoreDouble();
  database = await createLedgerDatabase();
  log = openEventStoreDbEventLog({ url: double.url });
  reader = openReader({ url: database.readerUrl });
  running = [];
  lines = [];
});
afterEach(async () => {
  await Promise.all(running.map((projector) => projector.stop()));
  await Promise.all([log.close(), reader.close()]);
  await database.drop();
  await double.stop();
});

function project(): Projector {
  const own = openEventStoreDbEventLog({ url: double.url });
  const writer = openWriter({ url: database.projectorUrl });
  const logger = pino({}, { write: (line: string) => void lines.push(line) });
  const projector = startProjector({ log: own, writer, logger });
  const stopped: Projector = {
    status: () => projector.status(),
    stop: async () => {
      await projector.stop();
      await Promise.all([own.close(), writer.close()]);
    },
  };
  running.push(stopped);
  return stopped;
}

const until = (condition: () => Promise<void> | void): Promise<void> =>
  vi.waitFor(condition, { timeout: 30_000, interval: 20 });
const sized = (size: number): Promise<void> =>
  until(async () => expect((await reader.head()).size).toBe(size));
const append = (source: string, count: number): Promise<unknown> => log.append(source, candidates(count));
const shown = ({ code, source }: Alarm): string => `${code} ${source ?? 'of all'}`;
const alarms = async (): Promise<readonly string[]> =>
  [...new Set((await reader.alarms()).map(shown))].sort();
const alarmed = (...expected: readonly string[]): Promise<void> =>
  until(async () => expect(await alarms()).toEqual([...expected].sort()));
const told = (): number => lines.filter((line) => line.includes('"msg":"alarm"')).length;

function setMetadata(source: string, metadata: string): void {
  double.log.append(`$$ledger-${source}`, [proposed({ type: '$metadata', data: metadata })]);
}

async function verify(): Promise<Verification> {
  const steps = verifyLedger(() => reader.snapshot(), { selfCheck: await reader.selfCheck() });
  for (;;) {
    const step = await steps.next();
    if (step.done === true) return step.value;
  }
}

/** Ways to hide a stream, and the alarm that tells of each. */
const HIDING: Readonly<Record<string, { hide: (source: string) => unknown; says: string }>> = {
  truncated: { hide: (source) => setMetadata(source, '{"$tb":3}'), says: 'log-truncated' },
  'truncated beyond its end': {
    hide: (source) => setMetadata(source, '{"$tb":1000}'),
    says: 'log-truncated',
  },
  'limited by number': { hide: (source) => setMetadata(source, '{"$maxCount":1}'), says: 'log-retention' },
  'limited by age': { hide: (source) => setMetadata(source, '{"$maxAge":0}'), says: 'log-retention' },
  deleted: { hide: (source) => double.log.delete(`ledger-${source}`), says: 'stream-deleted' },
  tombstoned: { hide: (source) => double.log.tombstone(`ledger-${source}`), says: 'stream-tombstoned' },
};
const ENDS = ['first', 'last'].flatMap((end) => Object.keys(HIDING).map((way) => `${end}, ${way}`));
const EXPECTED = ENDS.map((source) => `${HIDING[wayOf(source)]?.says} ${source}`);

function wayOf(source: string): string {
  return source.slice(source.indexOf(', ') + 2);
}

/** A source for each way at both ends of the log, and one between them that is left alone. */
async function fillBothEnds(): Promise<number> {
  for (const source of ENDS.slice(0, 6)) await append(source, 3);
  await append('middle', 3);
  for (const source of ENDS.slice(6)) await append(source, 3);
  return ENDS.length * 3 + 3;
}

function hideBothEnds(): void {
  for (const source of ENDS) HIDING[wayOf(source)]?.hide(source);
}

describe('streams that are truncated, limited, deleted or tombstoned, those of entry 0 and of the head entry too', () => {
  it('are an alarm each, once, over restarts and a scavenge, and stop no other event', async () => {
    let size = await fillBothEnds();
    const first = project();
    await sized(size);
    hideBothEnds();
    await alarmed(...EXPECTED);
    await first.stop();
    expect(told()).toBe(EXPECTED.length);

    for (let restart = 0; restart < 3; restart++) {
      const projector = project();
      await until(() => expect(projector.status().state).toBe('leading'));
      await append('middle', 1);
      await sized((size += 1));
      await projector.stop();
    }
    // what a start finds hidden is said, too, once for each source
    const found = (await reader.alarms()).filter(({ place }) => place === '').map(shown);
    expect(found).toHaveLength(new Set(found).size);
    expect(found.every((each) => /^(log-truncated|stream-deleted) (first|last), /.test(each))).toBe(true);
    const total = EXPECTED.length + found.length;
    expect(await reader.alarms()).toHaveLength(total);
    expect(told()).toBe(total);

    double.scavenge();
    project();
    await append('middle', 1);
    await sized(size + 1);
    expect(await reader.alarms()).toHaveLength(total + 1);
    expect(await alarms()).toContain('log-scavenged of all');
    expect(told()).toBe(total + 1);
    expect(await verify()).toMatchObject({ intact: true, checked: size + 1 });
  });

  it('are no less an alarm when nobody looked meanwhile', async () => {
    const size = await fillBothEnds();
    const first = project();
    await sized(size);
    await first.stop();
    hideBothEnds();
    double.scavenge();
    await append('middle', 1);
    const second = project();
    await sized(size + 1);
    expect(second.status().state).toBe('leading');
    expect(await alarms()).toEqual(expect.arrayContaining([...EXPECTED, 'log-scavenged of all']));
  });
});

describe('a ledger of one source', () => {
  it.each(['truncated', 'truncated beyond its end', 'deleted', 'tombstoned'])(
    'goes on where its stream is %s',
    async (how) => {
      await append('only', 5);
      const before = project();
      await sized(5);
      await before.stop();
      HIDING[how]?.hide('only');
      await append('other', 2);
      const after = project();
      await sized(7);
      expect(after.status().state).toBe('leading');
    },
  );
});

describe('a ledger that is made when the log was scavenged already', () => {
  it('has a gap that is an alarm and a finding, and the alarms of what made it', async () => {
    await append('a', 5);
    await append('b', 1);
    setMetadata('a', '{"$tb":3}');
    double.scavenge();
    await append('a', 1);
    project();
    await sized(4);
    await alarmed('revision-gap a', 'log-truncated a', 'log-scavenged of all');
    const { intact, findings } = await verify();
    expect(intact).toBe(false);
    expect(findings.map(({ code, source }) => [code, source])).toEqual([['revision-gap', 'a']]);
  });
});

describe('what is set for the whole server', () => {
  it('is an alarm where it opens the log, and none of what is not the ledger’s is kept or told', async () => {
    await append('a', 1);
    project();
    await sized(1);
    double.log.append('$settings', [
      proposed({ type: '$settings', data: '{"$userStreamAcl":{"$d":"$all"}}' }),
    ]);
    double.log.append('$user-ada', [proposed({ type: '$UserCreated', data: '{"hash":"secret-hash"}' })]);
    double.log.append('$$other', [proposed({ type: '$metadata', data: '{"$tb":7}' })]);
    await append('a', 1);
    await sized(2);
    await alarmed('settings-changed of all');
    expect(lines.join('\n')).not.toContain('secret-hash');
    expect((await reader.alarms())[0]?.detail).toContain('everybody may delete');
  });
});

describe('a subscription that the server drops', () => {
  it('loses nothing that was done to the log', async () => {
    await append('a', 1);
    const projector = project();
    await sized(1);
    for (let n = 1; n <= 20; n++) {
      setMetadata('a', `{"$tb":${n}}`);
      double.faults.dropSlowConsumers();
      await append('b', 1);
    }
    await sized(21);
    expect(await reader.alarms()).toHaveLength(20);
    expect(projector.status().state).toBe('leading');
  });
});
