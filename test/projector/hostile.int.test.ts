import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalBytes } from '../../src/ledger/canonical-json.js';
import { ExportChecker } from '../../src/ledger/export-check.js';
import { NO_FILTERS } from '../../src/ledger/filters.js';
import { ExportWriter } from '../../src/ledger/manifest.js';
import { encodeMetadata, type Metadata } from '../../src/ledger/metadata.js';
import { entryName } from '../../src/ledger/name.js';
import { readEntryRow } from '../../src/ledger/row.js';
import type { Entry, Instant, Json } from '../../src/ledger/types.js';
import { asSuperuser } from '../support/ledger-database.js';
import { everything, type ForeignEvent } from '../support/event-log.js';
import { LOGS } from '../support/logs.js';
import { install, type Installation } from './installation.js';

const OURS: Metadata = {
  v: 1,
  recordedAt: '2026-11-20T10:00:00.000Z' as Instant,
  occurredAt: '2026-11-20T09:00:00.000Z' as Instant,
  recordedBy: 'admin',
  actor: 'ada',
  salt: '0123456789abcdef'.repeat(2),
};

/** Metadata that is ours but for these members. */
function almost(members: Readonly<Record<string, Json>>): Buffer {
  return canonicalBytes({ ...(OURS as unknown as Record<string, Json>), ...members });
}

interface Thrown extends ForeignEvent {
  readonly verdict: 'accepted' | 'rejected' | 'duplicate';
  /** whether the metadata is not ours */
  readonly foreign?: boolean;
  /** EventStoreDB takes no such thing from anybody */
  readonly onlyInPostgres?: true;
}

const LONG = 'x'.repeat(4000);
const SAME = '11111111-2222-4333-8444-555555555555';

const THROWN: Readonly<Record<string, Thrown>> = {
  'ours, for comparison': {
    source: 's',
    data: '{"a":1}',
    metadata: encodeMetadata(OURS),
    verdict: 'accepted',
    foreign: false,
  },
  'no JSON': { source: 's', data: 'nonsense', verdict: 'rejected' },
  'bad UTF-8': { source: 's', data: Buffer.from([0x22, 0xc3, 0x28, 0x22]), verdict: 'rejected' },
  'empty data': { source: 's', data: '', verdict: 'rejected' },
  'no metadata': { source: 's', data: '[]', metadata: '', verdict: 'accepted' },
  '3 MB of metadata': {
    source: 's',
    data: '{}',
    metadata: almost({ context: 'm'.repeat(3_000_000) }),
    verdict: 'accepted',
    foreign: false,
  },
  '3 MB of metadata that are no JSON': {
    source: 's',
    metadata: Buffer.alloc(3_000_000, 0xff),
    verdict: 'accepted',
  },
  'another version': { source: 's', metadata: almost({ v: 2 }), verdict: 'accepted' },
  'an unknown member': { source: 's', metadata: almost({ more: 1 }), verdict: 'accepted' },
  'a salt in capitals': { source: 's', metadata: almost({ salt: 'A'.repeat(32) }), verdict: 'accepted' },
  'the year 0000': {
    source: 's',
    metadata: almost({ recordedAt: '0000-01-01T00:00:00.000Z' }),
    verdict: 'accepted',
  },
  'the year 10000': {
    source: 's',
    metadata: almost({ occurredAt: '+010000-01-01T00:00:00.000Z' }),
    verdict: 'accepted',
  },
  'the 30th of February': {
    source: 's',
    metadata: almost({ occurredAt: '2026-02-30T00:00:00.000Z' }),
    verdict: 'accepted',
  },
  'metadata in another order': { source: 's', metadata: JSON.stringify(OURS), verdict: 'accepted' },
  'NUL in the type': { source: 's', type: 'a\0b', verdict: 'rejected' },
  'NUL in the source': { source: 'a\0b', verdict: 'rejected' },
  '4,000 characters in the type': { source: 's', type: LONG, verdict: 'rejected' },
  '4,000 characters in the source': { source: LONG, verdict: 'rejected' },
  'bad UTF-8 in source and type': {
    source: Buffer.from([0xff, 0x00]),
    type: Buffer.from([0xfe]),
    verdict: 'rejected',
    onlyInPostgres: true,
  },
  'an empty source': { source: '', verdict: 'rejected' },
  'an empty type': { source: 's', type: '', verdict: 'rejected', onlyInPostgres: true },
  'a source that begins with ~': { source: `~sha256:${'0'.repeat(64)}`, verdict: 'rejected' },
  'a source that begins with $': { source: '$all', verdict: 'rejected' },
  '1e200000': { source: 's', data: '1e200000', verdict: 'rejected' },
  'U+0000': { source: 's', data: '"\\u0000"', verdict: 'rejected' },
  'a lone surrogate': { source: 's', data: '"\\ud800"', verdict: 'rejected' },
  'a member given twice': { source: 's', data: '{"a":1,"a":2}', verdict: 'rejected' },
  '100,000 levels': { source: 's', data: '['.repeat(100_000) + ']'.repeat(100_000), verdict: 'rejected' },
  'white space and a number written in full': { source: 's', data: ' {"b" : 1.0} ', verdict: 'accepted' },
  'a registration of nonsense': {
    source: '_schemas',
    type: 'schema.registered',
    data: '{"type":"t"}',
    verdict: 'rejected',
  },
  'a registration that is no JSON': {
    source: '_schemas',
    type: 'schema.registered',
    data: '\x00',
    verdict: 'rejected',
  },
  'a registration that does not compile': {
    source: '_schemas',
    type: 'schema.registered',
    data: '{"type":"foreign","schema":{"pattern":"^(a+)+$"},"judge":1}',
    verdict: 'rejected',
  },
  'an own source that means nothing': { source: '_anything', verdict: 'rejected' },
  'an own source that does': {
    source: '_access',
    type: 'login.failed',
    data: '{"user":"ada"}',
    verdict: 'accepted',
  },
  'an id': { source: 's', id: SAME, data: '{"first":true}', verdict: 'accepted' },
  'the same id again': { source: 's', id: SAME, data: '{"first":false}', verdict: 'duplicate' },
  'the same id, not even JSON': { source: 's', id: SAME, data: 'nonsense', type: '~x', verdict: 'duplicate' },
  'the same id elsewhere': { source: 'elsewhere', id: SAME, verdict: 'accepted' },
  'the nil UUID': {
    source: 's',
    id: '00000000-0000-0000-0000-000000000000',
    verdict: 'accepted',
    onlyInPostgres: true,
  },
};

describe.each(LOGS)('an event thrown straight at the log in $name', (kind) => {
  const possible = Object.entries(THROWN).filter(
    ([, { onlyInPostgres }]) => kind.name === 'PostgreSQL' || onlyInPostgres !== true,
  );
  let installation: Installation;
  let entries: readonly Entry[];

  beforeAll(async () => {
    installation = await install(kind);
    await installation.throwAtLog(possible.map(([, thrown]) => thrown));
    installation.project();
    await installation.sized(possible.length);
    entries = await installation.entries();
  });
  afterAll(() => installation.close());

  it.each(possible.map(([what, thrown], index) => ({ what, thrown, index })))(
    'is one entry with the right verdict: $what',
    ({ thrown, index }) => {
      const entry = entries[index];
      expect(entry?.header).toMatchObject({ verdict: thrown.verdict, schema: null, index });
      expect(entry?.data.equals(Buffer.from(thrown.data ?? '{}'))).toBe(true);
      expect(entry?.metadata.equals(Buffer.from(thrown.metadata ?? ''))).toBe(true);
      if (typeof thrown.source === 'string') expect(entry?.header.source).toBe(entryName(thrown.source));
      if (typeof thrown.type === 'string') expect(entry?.header.type).toBe(entryName(thrown.type));
      const known = entry?.header.recordedBy ?? null;
      expect(known).toBe(thrown.foreign === false ? 'admin' : null);
      expect(Math.abs(Date.parse(entry?.header.recordedAt ?? '') - Date.now()) < 600_000).toBe(
        known === null,
      );
    },
  );

  it('leaves a ledger that verification finds intact', async () => {
    expect(await installation.verify()).toMatchObject({
      intact: true,
      checked: entries.length,
      findings: [],
    });
  });

  it('is found by queries and checked in exports like any other', async () => {
    const page = { order: 'asc', limit: 500, after: null, fromIndex: null, toIndex: null } as const;
    const rejected = entries.filter(({ header }) => header.verdict === 'rejected');
    const found = await installation.reader.events({ ...NO_FILTERS, verdicts: ['rejected'] }, page);
    expect(found.entries).toEqual(rejected);
    const byPayload = { ...NO_FILTERS, payload: [{ path: ['a'], values: ['1'] }] };
    expect((await installation.reader.events(byPayload, page)).entries).toEqual([entries[0]]);

    const snapshot = await installation.reader.snapshot();
    const { head } = snapshot;
    const range = { fromIndex: 0, toIndex: head.size };
    const writer = new ExportWriter({ ledger: 'the test', filters: {}, ...range, head });
    const checker = new ExportChecker({ head });
    for await (const some of snapshot.rows(0, head.size)) {
      for (const row of some) {
        const read = readEntryRow(row);
        if (read.ok) checker.write(writer.lines([read.entry]));
      }
    }
    checker.write(writer.end());
    expect(checker.end()).toMatchObject({ intact: true, count: entries.length, findings: [] });
  });

  it('stops nothing that comes after it', async () => {
    await installation.throwAtLog([{ source: 's', data: '{"after":"all"}' }]);
    await installation.sized(entries.length + 1);
  });

  it('is not passed over when the head is told another position', async () => {
    const other = await install(kind);
    try {
      await other.throwAtLog([{ source: 'a' }]);
      const projector = other.project();
      await other.sized(1);
      await projector.stop();
      await other.throwAtLog([{ source: 'b' }, { source: 'c' }]);
      const position = (await everything(other.log))[1]?.position ?? '';
      await asSuperuser(other.database, (client) =>
        client.query('UPDATE ledger.head SET position = $1', [position]),
      );
      const again = other.project();
      await expect.poll(() => again.status().state, { timeout: 10_000 }).toBe('diverged');
      expect(again.status().detail).toContain(`position ${position}`);
      expect((await other.reader.head()).size).toBe(1);
    } finally {
      await other.close();
    }
  });

  it('is found to be another log when it stands where a known one stood', async () => {
    const other = await install(kind);
    try {
      await other.throwAtLog([{ source: 'a' }, { source: 'b' }, { source: 'c' }]);
      const projector = other.project();
      await other.sized(3);
      await projector.stop();
      await other.forge('c', '{"forged":1}');
      await other.throwAtLog([{ source: 'd' }]);
      const again = other.project();
      await expect.poll(() => again.status().state, { timeout: 10_000 }).toBe('diverged');
      expect((await other.reader.head()).size).toBe(3);
      expect(again.status().alarms).toMatchObject([{ code: 'log-diverged' }]);
    } finally {
      await other.close();
    }
  });
});
