/** Distinguished encoding (X.690, 8.1), as much of it as a certificate needs. */

export function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

export function set(...parts: readonly Buffer[]): Buffer {
  return der(0x31, Buffer.concat(parts));
}

/** @param content big-endian and not negative */
export function integer(content: Buffer): Buffer {
  return der(0x02, (content[0] ?? 0) < 0x80 ? content : Buffer.concat([Buffer.of(0), content]));
}

export function boolean(value: boolean): Buffer {
  return der(0x01, Buffer.of(value ? 0xff : 0));
}

/** @param unused bits at the end that do not count */
export function bitString(bytes: Buffer, unused = 0): Buffer {
  return der(0x03, Buffer.concat([Buffer.of(unused), bytes]));
}

export function octetString(bytes: Buffer): Buffer {
  return der(0x04, bytes);
}

export function none(): Buffer {
  return der(0x05, Buffer.alloc(0));
}

/** @param encoded the identifier's content octets in hex */
export function objectIdentifier(encoded: string): Buffer {
  return der(0x06, Buffer.from(encoded, 'hex'));
}

export function text(value: string): Buffer {
  return der(0x0c, Buffer.from(value));
}

/** UTCTime up to 2049, GeneralizedTime from then on (RFC 5280, 4.1.2.5). */
export function time(at: Date): Buffer {
  const digits = at.toISOString().replace(/\D/g, '').slice(0, 14);
  return at.getUTCFullYear() < 2050
    ? der(0x17, Buffer.from(`${digits.slice(2)}Z`))
    : der(0x18, Buffer.from(`${digits}Z`));
}

/** A member with a number of its own in the place of its type; constructed ones hold others. */
export function tagged(number: number, value: Buffer, { constructed = false } = {}): Buffer {
  return der((constructed ? 0xa0 : 0x80) | number, value);
}

/** Tag, length, value. */
function der(tag: number, value: Buffer): Buffer {
  const { length } = value;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), value]);
  const bytes = length < 0x100 ? Buffer.of(length) : Buffer.of(length >> 8, length & 0xff);
  return Buffer.concat([Buffer.of(tag, 0x80 | bytes.length), bytes, value]);
}
