/** The places of a term in a segment: a list of two-byte places while that is shorter, else one bit for each. */

/** Entries in a segment of the payload index. */
export const SEGMENT = 1_024;

const BITMAP_BYTES = SEGMENT / 8;

/** @param places rising, each once */
export function encodePlaces(places: readonly number[]): Buffer {
  if (places.length * 2 < BITMAP_BYTES) {
    const list = Buffer.alloc(places.length * 2);
    places.forEach((place, i) => list.writeUInt16BE(place, i * 2));
    return list;
  }
  const bitmap = Buffer.alloc(BITMAP_BYTES);
  for (const place of places) bitmap[place >> 3] = (bitmap[place >> 3] ?? 0) | (1 << (place & 7));
  return bitmap;
}

/** Adds what `encodePlaces` gave. Bytes that it never gave add what they happen to say: a proposal, no more. */
export function addPlaces(encoded: Buffer, into: Set<number>): void {
  if (encoded.length !== BITMAP_BYTES) {
    for (let at = 0; at + 1 < encoded.length; at += 2) into.add(encoded.readUInt16BE(at) % SEGMENT);
    return;
  }
  encoded.forEach((byte, i) => {
    for (let bit = 0; bit < 8; bit++) if ((byte >> bit) & 1) into.add(i * 8 + bit);
  });
}
