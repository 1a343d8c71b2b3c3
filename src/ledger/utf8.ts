/** UTF-8, taken strictly: nothing is replaced, and a byte order mark is a character like any other. */

const STRICT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const LENIENT = new TextDecoder('utf-8', { ignoreBOM: true });

/** @returns null for bytes that are no UTF-8 */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return STRICT.decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

/** Offset of the first byte that belongs to no character of UTF-8; the length when there is none. */
export function firstInvalidByte(bytes: Uint8Array): number {
  // a lenient decoder puts U+FFFD there; one that the bytes themselves spell is no error
  const text = LENIENT.decode(bytes);
  let offset = 0;
  let from = 0;
  for (let at = text.indexOf('\uFFFD'); at !== -1; at = text.indexOf('\uFFFD', from)) {
    offset += Buffer.byteLength(text.slice(from, at));
    const spelt = bytes[offset] === 0xef && bytes[offset + 1] === 0xbf && bytes[offset + 2] === 0xbd;
    if (!spelt) return offset;
    offset += 3;
    from = at + 1;
  }
  return bytes.length;
}

const LONE_SURROGATE = /\p{Surrogate}/u;

/** Whether UTF-8 can say it: no lone surrogates. */
export function isWellFormed(text: string): boolean {
  return !LONE_SURROGATE.test(text);
}
