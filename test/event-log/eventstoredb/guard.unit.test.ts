import { describe, expect, it } from 'vitest';
import { administrationIn } from '../../../src/event-log/eventstoredb/guard.js';
import type { LogRecord } from '../../../src/event-log/eventstoredb/messages.js';
import type { EventId, Instant, Position } from '../../../src/ledger/types.js';

const LARGEST = 9_223_372_036_854_775_807n;

function record(stream: string, data = '', parts: Partial<LogRecord> = {}): LogRecord {
  return {
    stream,
    revision: 3n,
    id: '00000000-0000-4000-8000-000000000001' as EventId,
    type: '$metadata',
    data: Buffer.from(data),
    metadata: Buffer.alloc(0),
    position: '700/700' as Position,
    created: '2026-11-20T10:00:00.000Z' as Instant,
    ...parts,
  };
}

const whatOf = (each: LogRecord): readonly string[] => administrationIn(each).map(({ what }) => what);

describe('metadata of a ledger stream', () => {
  it.each([
    ['truncates', '{"$tb":5}', ['truncated'], 'before revision 5'],
    ['limits the age', '{"$maxAge":60}', ['retention'], 'older than 60 s'],
    ['limits the number', '{"$maxCount":2}', ['retention'], 'before the newest 2'],
    [
      'does all of it',
      '{"$maxAge":60,"$tb":5,"$maxCount":2}',
      ['retention', 'truncated'],
      'and those before',
    ],
    ['deletes', `{"$tb":${LARGEST}}`, ['deleted'], 'was deleted'],
    ['truncates under an escaped name', '{"\\u0024tb":5}', ['truncated'], 'revision 5'],
  ])('that %s is said, with its source, place and time', (_, data, what, words) => {
    const found = administrationIn(record('$$ledger-billing', data));
    expect(found.map((each) => each.what)).toEqual(what);
    expect(found[0]?.detail).toContain(words);
    expect(found[0]).toMatchObject({
      source: 'billing',
      place: 'position 700/700',
      at: '2026-11-20T10:00:00.000Z',
    });
  });

  it.each([
    '',
    '{}',
    '{"$tb":0}',
    '{"$tb":null}',
    '{"$acl":{"$r":"$all"}}',
    '{"nested":{"$tb":5}}',
    '{"a":"\\"$tb\\": 5"}',
  ])('that hides nothing is no news: %s', (data) => {
    expect(whatOf(record('$$ledger-billing', data))).toEqual([]);
  });

  it.each(["{'$tb':5}", '{$tb:5}', '/**/{"$tb":5}', '[]', '{"$tb":"5"}', '{"$maxCount":1.5}', '\ufeff{}'])(
    'that a more lenient reader might understand is said to be unread: %s',
    (data) => {
      const [found] = administrationIn(record('$$ledger-billing', data));
      expect(found?.what).toBe('retention');
      expect(found?.detail).toContain('is not known');
    },
  );
});

describe('a tombstone', () => {
  it('is said of its source, whatever its type', () => {
    const [found] = administrationIn(record('ledger-a b', '', { revision: LARGEST, type: 'x' }));
    expect(found).toMatchObject({ what: 'tombstoned', source: 'a b' });
  });

  it('is not what an event of the same type is', () => {
    expect(whatOf(record('ledger-a', '{}', { type: '$streamDeleted' }))).toEqual([]);
  });
});

describe('a scavenge', () => {
  it('is one thing, however many records it leaves', () => {
    const id = '5f0c2b1e-8d3a-4c55-9a51-0f6a6f0f7a11';
    const records = [
      record(`$scavenges-${id}`, '{}', { type: '$scavengeStarted', position: '1/1' as Position }),
      record('$scavenges', `0@$scavenges-${id}`, { type: '$>', position: '2/2' as Position }),
      record(`$scavenges-${id}`, '{}', { type: '$scavengeCompleted', position: '3/3' as Position }),
    ];
    const found = records.flatMap((each) => administrationIn(each));
    expect(found.map(({ what, source }) => [what, source])).toEqual(Array(3).fill(['scavenged', null]));
    expect(new Set(found.map(({ place }) => place))).toEqual(new Set([`scavenge ${id}`]));
  });
});

describe('$settings', () => {
  const setUp = {
    $userStreamAcl: {
      $r: ['$admins', 'ledger-api', 'ledger-projector'],
      $w: ['$admins', 'ledger-api'],
      $d: '$admins',
      $mr: ['$admins', 'ledger-api', 'ledger-projector'],
      $mw: '$admins',
    },
    $systemStreamAcl: { $r: '$admins', $w: '$admins', $d: '$admins', $mr: '$admins', $mw: '$admins' },
  };

  it('that are what the set-up writes are no news', () => {
    expect(whatOf(record('$settings', JSON.stringify(setUp), { type: '$settings' }))).toEqual([]);
  });

  it('that let others delete are said, with who and what', () => {
    const open = { ...setUp, $userStreamAcl: { ...setUp.$userStreamAcl, $d: '$all' } };
    const [found] = administrationIn(record('$settings', JSON.stringify(open)));
    expect(found).toMatchObject({ what: 'settings-changed', source: null });
    expect(found?.detail).toContain('everybody may delete ($userStreamAcl $d)');
  });

  it.each(['', '{}', 'null', '\xff', '{"$userStreamAcl":7}'])(
    'that say nothing leave all to the server: %s',
    (data) => {
      expect(whatOf(record('$settings', data))).toEqual(['settings-changed']);
    },
  );
});

describe('what is not the ledger’s', () => {
  it.each(['$user-admin', '$$other', '$$$settings', '$settings-2', '$scavengePoints', 'other', '$$ledgerx'])(
    'is not looked at: %s',
    (stream) => {
      expect(whatOf(record(stream, '{"$tb":5,"hash":"secret"}', { revision: LARGEST }))).toEqual([]);
    },
  );
});
