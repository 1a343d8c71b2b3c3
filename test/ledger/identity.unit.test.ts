import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { eventIdFor, NAMESPACE } from '../../src/ledger/identity.js';

/** RFC 9562, 5.5, written out. */
function nameBasedId(name: Buffer): string {
  const hash = createHash('sha1')
    .update(Buffer.from(NAMESPACE.replaceAll('-', ''), 'hex'))
    .update(name)
    .digest();
  hash[6] = (hash.readUInt8(6) & 0x0f) | 0x50;
  hash[8] = (hash.readUInt8(8) & 0x3f) | 0x80;
  return hash.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

describe('the id of an event', () => {
  it.each([
    '01920000-0000-7000-8000-000000000001',
    'ffffffff-ffff-ffff-ffff-ffffffffffff',
    '12345678-1234-0234-0234-123456789abc',
  ])('is the id sent when that is a UUID: %s', (id) => {
    expect(eventIdFor('orders', id)).toBe(id);
    expect(eventIdFor('another', id.toUpperCase())).toBe(id);
  });

  it.each([
    'order-1',
    '00000000-0000-0000-0000-000000000000',
    '{01920000-0000-7000-8000-000000000001}',
    '01920000000070008000000000000001',
    'urn:uuid:01920000-0000-7000-8000-000000000001',
    'é',
    ' ',
  ])('is the UUIDv5 of source and id otherwise: %j', (id) => {
    const expected = nameBasedId(Buffer.concat([Buffer.from('orders'), Buffer.of(0), Buffer.from(id)]));
    expect(eventIdFor('orders', id)).toBe(expected);
  });

  it('keeps sources apart, and what belongs to the source from what belongs to the id', () => {
    const ids = [eventIdFor('a', 'bc'), eventIdFor('ab', 'c'), eventIdFor('b', 'bc')];
    expect(new Set(ids).size).toBe(3);
  });
});
