import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalBytes } from '../../src/ledger/canonical-json.js';
import { decodeMetadata, encodeMetadata } from '../../src/ledger/metadata.js';
import type { Instant, Json } from '../../src/ledger/types.js';
import { metadata } from './events.js';
import { iJson } from './json-arbitraries.js';

const levels = (count: number): Json => JSON.parse('['.repeat(count) + ']'.repeat(count)) as Json;

/** Canonical bytes of our metadata with some members changed, or removed by `undefined`. */
function changed(members: Record<string, unknown>): Buffer {
  return canonicalBytes(JSON.parse(JSON.stringify({ ...metadata(), ...members })) as Json);
}

describe('metadata in our form', () => {
  it('comes back as it was written', () => {
    const full = metadata({
      id: 'order-1',
      timestamp: '2026-11-20T11:00:00+01:00',
      subject: 'customer/7',
      context: { ip: '192.0.2.1', userAgent: null, nested: levels(31) },
      trace: { traceparent: '00-00', tracestate: '' },
      cloudevent: { specversion: '1.0', extra: [1] },
    });
    expect(decodeMetadata(encodeMetadata(full))).toEqual(full);
    expect(decodeMetadata(encodeMetadata(metadata()))).toEqual(metadata());
  });

  it.each([
    ['nobody known', { recordedBy: null, actor: null, occurredAt: null }],
    ['512 bytes', { actor: 'é'.repeat(256) }],
    ['control characters', { actor: 'a\u0001\u0085' }],
    ['white space at the ends', { subject: ' a ' }],
    [
      'the first and the last time',
      { recordedAt: '0001-01-01T00:00:00.000Z', occurredAt: '9999-12-31T23:59:59.999Z' },
    ],
    ['a leap day', { recordedAt: '2024-02-29T00:00:00.000Z' }],
    ['a context of 32 levels', { context: levels(32) }],
    ['a context that is a scalar', { context: null }],
    ['a trace of nothing', { trace: {} }],
    ['a cloudevent of 63 levels', { cloudevent: { a: levels(62) } }],
  ])('may have %s', (_what, members) => {
    expect(decodeMetadata(changed(members))).not.toBeNull();
  });

  it.each([
    ['another version', { v: 2 }],
    ['no version', { v: undefined }],
    ['a version in quotes', { v: '1' }],
    ['no recordedAt', { recordedAt: undefined }],
    ['recordedAt null', { recordedAt: null }],
    ['recordedAt without milliseconds', { recordedAt: '2026-11-20T10:00:00Z' }],
    ['recordedAt with an offset', { recordedAt: '2026-11-20T10:00:00.000+00:00' }],
    ['the year 0000', { recordedAt: '0000-01-01T00:00:00.000Z' }],
    ['the year 10000', { recordedAt: '10000-01-01T00:00:00.000Z' }],
    ['30 February', { occurredAt: '2026-02-30T10:00:00.000Z' }],
    ['29 February of a common year', { recordedAt: '2026-02-29T10:00:00.000Z' }],
    ['hour 24', { occurredAt: '2026-11-20T24:00:00.000Z' }],
    ['a leap second', { occurredAt: '2016-12-31T23:59:60.000Z' }],
    ['no occurredAt', { occurredAt: undefined }],
    ['no recordedBy', { recordedBy: undefined }],
    ['an empty recordedBy', { recordedBy: '' }],
    ['recordedBy of 513 bytes', { recordedBy: `${'é'.repeat(256)}a` }],
    ['no actor', { actor: undefined }],
    ['an actor that is a number', { actor: 7 }],
    ['an actor with a NUL', { actor: 'a\0' }],
    ['an actor with a noncharacter', { actor: '\uFFFE' }],
    ['no salt', { salt: undefined }],
    ['a short salt', { salt: '0'.repeat(31) }],
    ['a long salt', { salt: '0'.repeat(33) }],
    ['an upper-case salt', { salt: 'A'.repeat(32) }],
    ['id null', { id: null }],
    ['an empty id', { id: '' }],
    ['a long timestamp', { timestamp: '2'.repeat(513) }],
    ['a subject that is an object', { subject: {} }],
    ['a context of 33 levels', { context: levels(33) }],
    ['a trace with a number', { trace: { a: 1 } }],
    ['a trace that is an array', { trace: ['a'] }],
    ['cloudevent null', { cloudevent: null }],
    ['a cloudevent that is an array', { cloudevent: [] }],
    ['a cloudevent of 64 levels', { cloudevent: { a: levels(63) } }],
    ['another member', { extra: 1 }],
    ['a member of every object', { constructor: 'a' }],
  ])('is foreign with %s', (_what, members) => {
    expect(decodeMetadata(changed(members))).toBeNull();
  });

  it.each([
    ['no bytes', ''],
    ['no JSON', 'metadata'],
    ['no object', '[]'],
    ['null', 'null'],
    ['white space', ` ${encodeMetadata(metadata()).toString()}`],
    ['members in another order', JSON.stringify(metadata())],
    ['an escape too many', encodeMetadata(metadata()).toString().replace('alice', '\\u0061lice')],
    ['a doubled member', encodeMetadata(metadata()).toString().replace('"v":1', '"v":1,"v":1')],
    ['three megabytes', `{"a":"${'x'.repeat(3_000_000)}"}`],
    ['100,000 levels', '['.repeat(100_000) + ']'.repeat(100_000)],
  ])('is foreign when it has or is %s', (_what, text) => {
    expect(decodeMetadata(Buffer.from(text))).toBeNull();
  });

  it('is foreign in bytes that are no UTF-8', () => {
    expect(
      decodeMetadata(Buffer.from(encodeMetadata(metadata()).toString().replace('alice', 'é'), 'latin1')),
    ).toBeNull();
  });

  it('may be large', () => {
    const context = Array.from({ length: 300_000 }, (_, index) => index);
    expect(decodeMetadata(changed({ context }))?.context).toHaveLength(300_000);
  });

  it('is decided without failing for any JSON', () => {
    fc.assert(
      fc.property(iJson, (value) => {
        expect(decodeMetadata(canonicalBytes(value))).toBeNull();
        expect(decodeMetadata(changed({ cloudevent: { value } }))).not.toBeNull();
      }),
    );
  });

  it('is never written in a form that would be foreign', () => {
    const wrong = metadata({ recordedAt: '2026-11-20' as Instant });
    expect(() => encodeMetadata(wrong)).toThrow(expect.objectContaining({ code: 'internal' }));
  });
});
