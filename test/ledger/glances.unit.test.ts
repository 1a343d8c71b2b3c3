import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalBytes } from '../../src/ledger/canonical-json.js';
import { headerBytes } from '../../src/ledger/entry.js';
import { misfit } from '../../src/ledger/header-form.js';
import { headerAtAGlance } from '../../src/ledger/header-glance.js';
import { attributionIn, decodeMetadata, encodeMetadata, type Metadata } from '../../src/ledger/metadata.js';
import { attributionAtAGlance } from '../../src/ledger/metadata-glance.js';
import type { Instant, Json } from '../../src/ledger/types.js';
import { at, ledgerOfSize } from './builders.js';

const header = at(ledgerOfSize(3).entries, 2).header;
const usual: Metadata = {
  v: 1,
  recordedAt: '2026-11-20T10:00:00.000Z' as Instant,
  occurredAt: '2026-11-20T09:00:00.000Z' as Instant,
  recordedBy: 'admin',
  actor: 'alice',
  salt: '0123456789abcdef0123456789abcdef',
};
const full: Metadata = {
  ...usual,
  id: 'order-1',
  subject: 'order/1',
  timestamp: '2026-11-20T10:00:00+01:00',
  context: { ip: '10.0.0.1', requestId: 'r-1', userAgent: 'a {client}' },
  cloudevent: { specversion: '1.0' },
  trace: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', tracestate: '' },
};

describe('a header at a glance', () => {
  it('is what its bytes are the canonical form of', () => {
    for (const one of [
      header,
      { ...header, occurredAt: null, recordedBy: null, actor: null, schema: null },
    ]) {
      expect(headerAtAGlance(headerBytes(one))).toEqual(one);
    }
  });

  it('is none that its bytes are not the canonical form of, whatever byte is another', () => {
    const bytes = headerBytes(header);
    for (let place = 0; place < bytes.length; place++) {
      for (const byte of [0x00, 0x20, 0x22, 0x2c, 0x30, 0x39, 0x5c, 0x61, 0x7d, 0xc3, 0xff]) {
        const changed = Buffer.from(bytes);
        changed[place] = byte;
        expectHonest(changed);
      }
      expectHonest(Buffer.concat([bytes.subarray(0, place), bytes.subarray(place + 1)]));
      expectHonest(Buffer.concat([bytes.subarray(0, place), bytes.subarray(place - 1)]));
    }
  });

  function expectHonest(bytes: Buffer): void {
    const read = headerAtAGlance(bytes);
    if (read === null) return;
    expect(misfit(read)).toBeNull();
    expect(headerBytes(read).equals(bytes)).toBe(true);
  }
});

describe('metadata at a glance', () => {
  it('says what was written', () => {
    const others = [{ trace: {} }, { occurredAt: null, recordedBy: null, actor: null }];
    const numbers = { context: { attempt: 2, dry: false, limit: -10, parent: null } };
    for (const one of [usual, full, ...[...others, numbers].map((other) => ({ ...usual, ...other }))]) {
      const { recordedAt, occurredAt, recordedBy, actor, subject = null } = one;
      const said = { recordedAt, occurredAt, recordedBy, actor, subject };
      expect(attributionAtAGlance(encodeMetadata(one))).toEqual(said);
    }
  });

  it('never says what reading it would not', () => {
    const text = fc.oneof(
      fc.string(),
      fc.constantFrom('é', 'a"b', 'a\\b', '', 'x'.repeat(512), 'x'.repeat(513)),
    );
    const time = fc.constantFrom('', 'soon', '2026-02-30T10:00:00.000Z', '0000-01-01T10:00:00.000Z');
    const members = fc.record({
      v: mostly([1], fc.constant(2)),
      recordedAt: mostly([usual.recordedAt, usual.occurredAt], time),
      occurredAt: mostly([usual.occurredAt, null], time),
      recordedBy: mostly(['admin', null], text),
      actor: mostly(['alice', null], text),
      salt: mostly([usual.salt], fc.constantFrom('ABCDEF0123456789abcdef0123456789', '')),
      id: mostly([undefined, 'order-1'], text),
      subject: mostly([undefined, 'order/1'], fc.oneof(text, fc.constant(null))),
      timestamp: mostly([undefined, full.timestamp], text),
      context: mostly(
        [undefined, full.context],
        fc.oneof(text, fc.constantFrom<Json>(nested(32), nested(33), ['x'], { a: 1e21 }, { a: -0.5 })),
      ),
      cloudevent: mostly([undefined, full.cloudevent], fc.constantFrom<Json>({}, [], 'x')),
      trace: mostly(
        [undefined, full.trace],
        fc.constantFrom<Json>({}, { a: 'é' }, { a: 1 }, { a: { b: 'c' } }, { a: null }, [], ['a'], 'x'),
      ),
      b: mostly([undefined], text),
    });
    fc.assert(
      fc.property(members, (given) => {
        expectHonest(canonicalBytes(JSON.parse(JSON.stringify(given)) as Json));
      }),
      { numRuns: 2_000 },
    );
  });

  it('never takes bytes that reading does not', () => {
    const bytes = encodeMetadata({ ...full, context: { n: 10, ...(full.context as object) } });
    for (let place = 0; place < bytes.length; place++) {
      for (const byte of [0x00, 0x20, 0x22, 0x2c, 0x2d, 0x30, 0x39, 0x5c, 0x61, 0x7b, 0x7d, 0xc3]) {
        const changed = Buffer.from(bytes);
        changed[place] = byte;
        expectHonest(changed);
      }
      expectHonest(Buffer.concat([bytes.subarray(0, place), bytes.subarray(place + 1)]));
      expectHonest(Buffer.concat([bytes.subarray(0, place), bytes.subarray(place - 1)]));
    }
    const forged = ['"b":1,"a":1', '"a":1,"a":1', '"a":01', '"a":-0', '"__proto__":"x"'];
    for (const members of forged) {
      const text = encodeMetadata(full).toString();
      for (const name of ['context', 'cloudevent', 'trace']) {
        expectHonest(Buffer.from(text.replace(new RegExp(`"${name}":\\{`), `$&${members},`)));
        expectHonest(Buffer.from(text.replace(new RegExp(`"${name}":\\{[^}]*`), `"${name}":{${members}`)));
      }
    }
  });

  it('leaves to the reader what has members by the million', () => {
    const [before = '', after = ''] = encodeMetadata({ ...usual, context: {} })
      .toString()
      .split('{}');
    const members = Array.from({ length: 4_000_000 }, () => '"a":"b"');
    expect(attributionIn(Buffer.from(`${before}{${members.join(',')}}${after}`))).toBeNull();
  });

  it('is what reading it says, where it is in a rarer spelling', () => {
    const { recordedAt, occurredAt, recordedBy } = usual;
    const bytes = encodeMetadata({ ...full, actor: 'Zoë', context: { a: { b: 1 } } });
    expect(attributionAtAGlance(bytes)).toBeNull();
    const said = { recordedAt, occurredAt, recordedBy, actor: 'Zoë', subject: 'order/1' };
    expect(attributionIn(bytes)).toEqual(said);
  });

  function expectHonest(bytes: Buffer): void {
    const glance = attributionAtAGlance(bytes);
    if (glance === null) return;
    const read = decodeMetadata(bytes);
    expect(read).not.toBeNull();
    expect({ subject: null, ...read }).toMatchObject(glance);
  }
});

/** One of these, or now and then something odd: few members are odd at once, which would hide each other. */
function mostly<Usual, Odd>(usual: readonly Usual[], odd: fc.Arbitrary<Odd>): fc.Arbitrary<Usual | Odd> {
  return fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...usual) }, { weight: 1, arbitrary: odd });
}

/** So many levels. */
function nested(levels: number): Json {
  return levels === 0 ? 0 : { a: nested(levels - 1) };
}
