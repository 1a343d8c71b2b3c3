import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalBytes } from '../../src/ledger/canonical-json.js';
import { contentHash, entryHash, headerBytes, headerFor, headerHash } from '../../src/ledger/entry.js';
import { encodeMetadata } from '../../src/ledger/metadata.js';
import { NO_HASH } from '../../src/ledger/types.js';
import type { Hash, Index, Json, RecordedEvent } from '../../src/ledger/types.js';
import { metadata, recordedEvent } from './events.js';
import { iJsonText } from './json-arbitraries.js';

const judgement = { verdict: 'accepted', schema: null } as const;
const place = { index: 0 as Index, previous: NO_HASH, previousInSource: null };

const headerOf = (members: Partial<RecordedEvent>): ReturnType<typeof headerFor> =>
  headerFor(recordedEvent(members), judgement, place);

describe('a header', () => {
  it('says what the metadata says when that is ours', () => {
    expect(headerOf({})).toMatchObject({
      recordedAt: '2026-11-20T10:00:01.000Z',
      occurredAt: '2026-11-20T10:00:00.000Z',
      recordedBy: 'admin',
      actor: 'alice',
    });
  });

  it("says nothing that foreign metadata claims, and gives the log's own time", () => {
    const foreign = canonicalBytes({ ...metadata(), extra: 1 });
    for (const bytes of [foreign, Buffer.alloc(0), Buffer.from('{"actor":"mallory"}')]) {
      expect(headerOf({ metadata: bytes })).toMatchObject({
        recordedAt: '2026-11-20T10:00:02.000Z',
        occurredAt: null,
        recordedBy: null,
        actor: null,
      });
    }
  });

  it('names sources and types that the door refuses by their hash', () => {
    const hash = createHash('sha256').update('\0').digest('hex');
    expect(headerOf({ source: '\0', type: '\0' })).toMatchObject({
      source: `~sha256:${hash}`,
      type: `~sha256:${hash}`,
    });
    expect(headerOf({ source: '_schemas', type: '' }).source).toBe('_schemas');
  });

  it('is serialised as RFC 8785 says, whatever its strings', () => {
    fc.assert(
      fc.property(iJsonText, fc.nat(), fc.option(fc.constant('f'.repeat(64))), (text, number, hash) => {
        const header = {
          ...headerOf({ source: text, type: text, revision: number as never }),
          actor: text,
          schema: hash as Hash | null,
        };
        expect(headerBytes(header).equals(canonicalBytes(header as unknown as Json))).toBe(true);
        expect(headerHash(header)).toBe(entryHash(headerBytes(header)));
      }),
    );
  });

  it('is hashed as a leaf of RFC 6962', () => {
    const bytes = headerBytes(headerOf({}));
    expect(entryHash(bytes)).toBe(createHash('sha256').update('\0').update(bytes).digest('hex'));
  });
});

describe('the content hash', () => {
  it('covers the length of the data as 8 bytes, the data and the metadata', () => {
    expect(contentHash(Buffer.from('abc'), Buffer.from('de'))).toBe(
      createHash('sha256').update('\0\0\0\0\0\0\0\x03abcde').digest('hex'),
    );
  });

  it('changes when a byte moves from the data to the metadata', () => {
    const whole = Buffer.from('abcdef');
    const hashes = [0, 1, 2, 3, 4, 5, 6].map((at) => contentHash(whole.subarray(0, at), whole.subarray(at)));
    expect(new Set(hashes).size).toBe(7);
  });

  it('is taken of events of any size and kind', () => {
    const event = recordedEvent({
      data: Buffer.alloc(3_000_000, 0xff),
      metadata: Buffer.alloc(3_000_000, '['),
    });
    expect(headerFor(event, judgement, place).content).toBe(contentHash(event.data, event.metadata));
    expect(headerOf({ data: Buffer.alloc(0), metadata: Buffer.alloc(0) }).content).toBe(
      createHash('sha256').update(Buffer.alloc(8)).digest('hex'),
    );
    expect(headerOf({ metadata: encodeMetadata(metadata({ actor: null })) }).actor).toBeNull();
  });
});
