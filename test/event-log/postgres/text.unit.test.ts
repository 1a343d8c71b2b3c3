import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytesOf, textOf } from '../../../src/event-log/postgres/text.js';

const MARKER = '\u0000~';

const hexDigits = fc.stringMatching(/^[0-9a-f]*$/);

/** Bytes of every kind: any, text, and strings of strings of bytes. */
const anyBytes = fc.letrec<{ bytes: Buffer }>((tie) => ({
  bytes: fc.oneof(
    { maxDepth: 3 },
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
    hexDigits.map((digits) => Buffer.from(MARKER + digits)),
    tie('bytes').map((bytes) => Buffer.from(MARKER + bytes.toString('hex'))),
  ),
})).bytes;

test('bytes come back from their string', () => {
  fc.assert(fc.property(anyBytes, (bytes) => bytesOf(textOf(bytes))?.equals(bytes) === true));
});

test('a well-formed string comes back from its bytes', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    anyBytes.map(textOf),
    hexDigits.map((hex) => MARKER + hex),
  );
  fc.assert(
    fc.property(text, (given) => {
      const bytes = bytesOf(given);
      return bytes !== null && textOf(bytes) === given;
    }),
  );
});

test('text stays itself, and what is none is told by its hex digits', () => {
  for (const text of ['', 'billing', '\u0000', '\u0000~', '\u0000~zz', '\ufeff', '🧾']) {
    expect(textOf(Buffer.from(text))).toBe(text);
  }
  expect(textOf(Buffer.of(0xff, 0x00))).toBe('\u0000~ff00');
  expect(bytesOf('lone \ud800 surrogate')).toBeNull();
});
