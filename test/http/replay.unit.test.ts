import { describe, expect, it } from 'vitest';
import { admit, type Admitted } from '../../src/http/admission.js';
import { isReplay } from '../../src/http/replay.js';
import { decodeMetadata, encodeMetadata, type Metadata } from '../../src/ledger/metadata.js';
import type { Json } from '../../src/ledger/types.js';

const MEMBERS = {
  source: 's',
  type: 't',
  payload: { a: 1, b: [2] },
  id: 'x',
  timestamp: '2026-11-20T10:00:00Z',
  actor: 'alice',
  subject: 'thing',
};

function submitted(members: Readonly<Record<string, Json>> = {}): Admitted {
  return admit({ ok: true, value: { ...MEMBERS, ...members } }, null, 'admin') as Admitted;
}

/** The event as the log has it, with other metadata. */
function recorded(change: Partial<Metadata> = {}) {
  const { submission, data, metadata } = submitted();
  const known = decodeMetadata(metadata);
  if (known === null) throw new Error('the door wrote foreign metadata');
  return { type: submission.type, data, metadata: encodeMetadata({ ...known, ...change }) };
}

describe('a replay', () => {
  it('is the same event, whatever was said of the attempt', () => {
    const attempt: Partial<Metadata> = { recordedBy: 'other', context: { try: 1 }, trace: { a: 'b' } };
    expect(isReplay(submitted(), recorded(attempt))).toBe(true);
    expect(isReplay(submitted({ timestamp: '2026-11-20T11:00:00+01:00' }), recorded())).toBe(true);
  });

  it.each([
    ['type', { type: 'other' }],
    ['payload', { payload: { a: 1, b: [3] } }],
    ['timestamp', { timestamp: '2026-11-20T10:00:00.001Z' }],
    ['actor', { actor: 'bob' }],
    ['subject', { subject: 'other' }],
  ])('has the same %s', (_member, change) => {
    expect(isReplay(submitted(change), recorded())).toBe(false);
  });

  it('has the same marks of CloudEvents: none', () => {
    expect(isReplay(submitted(), recorded({ cloudevent: { specversion: '1.0' } }))).toBe(false);
  });

  it('may be of a foreign event, whose payload has another form', () => {
    const { source, type, payload, id } = MEMBERS;
    const event = admit({ ok: true, value: { source, type, payload, id } }, null, 'admin') as Admitted;
    const metadata = Buffer.from('no metadata of ours');
    const found = (data: string) => ({ type, data: Buffer.from(data), metadata });
    expect(isReplay(event, found('{ "b": [2.0], "a": 1 }'))).toBe(true);
    expect(isReplay(event, found('{ "b": [2.5], "a": 1 }'))).toBe(false);
    expect(isReplay(event, found('{"a":1,"a":1,"b":[2]}'))).toBe(false);
  });
});
