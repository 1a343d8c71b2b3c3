/** What the golden vectors are made from: chosen by hand, one line for each thing that can go wrong elsewhere. */
import { canonicalBytes } from '../../src/ledger/canonical-json.js';
import { encodeMetadata } from '../../src/ledger/metadata.js';
import type { Metadata } from '../../src/ledger/metadata.js';
import type {
  EventId,
  Hash,
  Instant,
  JudgedEvent,
  Position,
  Revision,
  Verdict,
} from '../../src/ledger/types.js';

export const NAMES: readonly string[] = [
  'orders',
  'orders/eu 1',
  '_schemas',
  'customer.registered',
  'é',
  '日本語',
  '😀',
  '...',
  'a'.repeat(512),
  'é'.repeat(256),
  '',
  '.',
  '..',
  '~sha256:00',
  '$all',
  ' a',
  'a\u00a0',
  'a\u0000b',
  'a\u0085b',
  'a\ufdd0',
  '\u{1FFFF}',
  'a'.repeat(513),
  'é'.repeat(257),
];

export const IDENTITIES: readonly (readonly [source: string, id: string])[] = [
  ['orders', '01920000-0000-7000-8000-00000000000A'],
  ['orders', 'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF'],
  ['orders', '00000000-0000-0000-0000-000000000000'],
  ['orders', 'order-1'],
  ['orders', '{01920000-0000-7000-8000-00000000000a}'],
  ['order', 's-order-1'],
  ['日本語', 'é😀'],
];

export const TIMESTAMPS: readonly string[] = [
  '2026-11-20T10:00:00Z',
  '2026-11-20t10:00:00.5z',
  '2026-11-20T10:00:00.123456789+05:30',
  '1969-12-31T23:59:59.9999Z',
  '2024-02-29T23:30:00-01:00',
  '2016-12-31T23:59:60Z',
  '2015-07-01T01:59:60.25+02:00',
  '0000-12-31T23:30:00-01:00',
  '9999-12-31T23:59:59.9999Z',
  '2026-02-29T00:00:00Z',
  '2026-11-20T24:00:00Z',
  '2026-11-20T10:00:60Z',
  '2026-11-20T10:00:00',
  '2026-11-20 10:00:00Z',
  '2026-11-20T10:00:00+0530',
  '0001-01-01T00:30:00+01:00',
  '9999-12-31T23:30:00-01:00',
  '10000-01-01T00:00:00Z',
];

/** JSON texts: the canonical form, or what is wrong and where. */
export const DOCUMENTS: readonly string[] = [
  '0.1',
  '1.10',
  '1E2',
  '-0',
  '0e999999999',
  '1e21',
  '123456789012345680000',
  '5e-324',
  '0.000001',
  '1e-7',
  '9007199254740991',
  '9007199254740993',
  '0.10000000000000001',
  '1e400',
  '1e-400',
  '01',
  '1.',
  '[1,]',
  '',
  '\uFEFF{}',
  ' { "b" : [ true , null ] , "a" : "\\u0041\\/" } ',
  '{"\u20ac":1,"\\r":2,"\ufb33":3,"1":4,"\u{1F600}":5,"\u0080":6,"10":7,"9":8}',
  '"\\u0001\\u001F\\b\\t\\n\\f\\r\\"\\\\\u007f\u2028"',
  '"\\ud83d\\ude00"',
  '{"a":{"b":1,"b":2}}',
  '{"a":1,"\\u0061":1}',
  '{"x":{"__proto__":1}}',
  '["a","\\u0000"]',
  '["\\ud800"]',
  '["\ufdd0"]',
  '["\\ud83f\\udffe"]',
  '{"a/b":{"c~d":1e400}}',
  '['.repeat(64) + ']'.repeat(64),
  '['.repeat(65) + ']'.repeat(65),
];

const SALT = '000102030405060708090a0b0c0d0e0f';

const instant = (text: string): Instant => text as Instant;

const OURS: Metadata = {
  v: 1,
  recordedAt: instant('2026-11-20T10:00:01.250Z'),
  occurredAt: instant('2026-11-20T10:00:00.000Z'),
  recordedBy: 'admin',
  actor: 'alice',
  salt: SALT,
};

export const OWN_METADATA: readonly Metadata[] = [
  OURS,
  { ...OURS, occurredAt: null, recordedBy: null, actor: null },
  {
    ...OURS,
    id: 'order-1',
    timestamp: '2026-11-20T11:00:00+01:00',
    subject: 'customer/7',
    context: { ip: '192.0.2.1', nested: [[1]] },
    trace: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
    cloudevent: { specversion: '1.0' },
  },
];

const ours = encodeMetadata(OURS).toString();

/** Each of these is our metadata but for one thing. */
export const FOREIGN_METADATA: readonly string[] = [
  '',
  '{}',
  ` ${ours}`,
  ours.replace('"v":1', '"v":2'),
  ours.replace('"actor":"alice"', '"actor":""'),
  ours.replace('"actor":"alice"', '"actor":"\\u0000"'),
  ours.replace('"actor":"alice",', ''),
  ours.replace('alice', '\\u0061lice'),
  ours.replace('2026-11-20T10:00:01.250Z', '2026-02-29T10:00:01.250Z'),
  ours.replace('2026-11-20T10:00:01.250Z', '2026-11-20T10:00:01Z'),
  ours.replace(SALT, SALT.toUpperCase()),
  ours.replace('"actor"', '"a":1,"actor"'),
  ours.replace('"occurredAt"', `"context":${'['.repeat(33)}${']'.repeat(33)},"occurredAt"`),
  ours.replace('"v":1', '"trace":{"a":1},"v":1'),
];

interface Draft {
  readonly source: string;
  readonly revision: number;
  readonly type: string;
  readonly data: Buffer;
  readonly metadata: Buffer;
  readonly verdict?: Verdict;
  readonly schema?: string;
  readonly id?: number;
}

const own = (members: Partial<Metadata> = {}): Buffer => encodeMetadata({ ...OURS, ...members });

const DRAFTS: readonly Draft[] = [
  // the worked example of docs/format.md
  {
    source: 'orders',
    revision: 0,
    type: 'order.placed',
    data: canonicalBytes({ amount: 12.5, currency: 'EUR' }),
    metadata: own(),
  },
  {
    source: 'orders',
    revision: 1,
    type: 'order.paid',
    data: canonicalBytes({ amount: 1e21 }),
    metadata: own({ actor: null }),
  },
  {
    source: 'billing',
    revision: 0,
    type: 'invoice.sent',
    data: canonicalBytes('é😀"\\\n\u007f'),
    metadata: own({ actor: 'Zoë "Z" \\ 😀' }),
    verdict: 'rejected',
    schema: 'ab'.repeat(32),
  },
  {
    source: 'orders',
    revision: 2,
    type: 'order.placed',
    data: canonicalBytes({ amount: 12.5 }),
    metadata: own({ occurredAt: null }),
    verdict: 'duplicate',
    id: 1,
  },
  {
    source: 'orders',
    revision: 7,
    type: 'order.placed',
    data: Buffer.alloc(0),
    metadata: Buffer.alloc(0),
    verdict: 'rejected',
  },
  {
    source: '',
    revision: 0,
    type: '~type',
    data: Buffer.from([0xff, 0x00, 0xfe]),
    metadata: Buffer.from('{ "actor": "mallory" }'),
    verdict: 'rejected',
  },
  {
    source: 'billing',
    revision: 1,
    type: 'a\u0000b',
    data: Buffer.from('{"b":1, "a":1.10}'),
    metadata: Buffer.from('{"actor":"mallory"}'),
    verdict: 'rejected',
  },
  {
    source: '_ledger',
    revision: 0,
    type: 'ledger.opened',
    data: canonicalBytes({}),
    metadata: own({ recordedBy: null, actor: null }),
  },
  {
    source: '日本語',
    revision: 0,
    type: 'é',
    data: canonicalBytes([[[]], null, true, -0.5, 'x']),
    metadata: own({ recordedAt: instant('0001-01-01T00:00:00.000Z'), context: { ip: '192.0.2.1' } }),
    schema: 'cd'.repeat(32),
  },
];

export const JUDGED: readonly JudgedEvent[] = DRAFTS.map((draft, index) => ({
  event: {
    position: String(index + 1) as Position,
    source: draft.source,
    revision: draft.revision as Revision,
    id: `01920000-0000-7000-8000-${String(draft.id ?? index + 1).padStart(12, '0')}` as EventId,
    type: draft.type,
    data: draft.data,
    metadata: draft.metadata,
    loggedAt: instant(`2026-11-20T10:00:02.00${index}Z`),
  },
  judgement: { verdict: draft.verdict ?? 'accepted', schema: (draft.schema ?? null) as Hash | null },
}));
