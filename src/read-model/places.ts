/** The places of a term in a segment: a list of two-byte places while that is shorter, else one bit for each. */

/** Entries in a segment of the payload index. */
export const SEGMENT = 1_024;

const BITMAP_BYTES = SEGMENT / 8;

/** The lists of one place: nearly all terms occur once in a segment. */
const ALONE = ((): readonly Buffer[] => {
  const all = Buffer.alloc(SEGMENT * 2);
  for (let place = 0; place < SEGMENT; place++) all.writeUInt16BE(place, place * 2);
  return Array.from({ length: SEGMENT }, (_, place) => all.subarray(place * 2, place * 2 + 2));
})();

/**
 * @param places rising, each once
 * @returns bytes that must not be changed
 */
export function encodePlaces(places: readonly number[]): Buffer {
  const [first] = places;
  const alone = first === undefined || places.length > 1 ? undefined : ALONE[first];
  if (alone !== undefined) return alone;
  if (places.length * 2 < BITMAP_BYTES) {
    const list = Buffer.allocUnsafe(places.length * 2);
    places.forEach((place, i) => list.writeUInt16BE(place, i * 2));
    return list;
  }
  const bitmap = Buffer.alloc(BITMAP_BYTES);
  for (const place of places) bitmap[place >> 3] = (bitmap[place >> 3] ?? 0) | (1 << (place & 7));
  return bitmap;
}

/**
 * The places in what `encodePlaces` gave, rising. Bytes that it never gave say whatever they happen to say: a proposal, no
 * more.
 */
export function placesIn(encoded: Buffer): readonly number[] {
  const places: number[] = [];
  if (encoded.length === BITMAP_BYTES) {
    for (let place = 0; place < SEGMENT; place++) if (hasPlace(encoded, place)) places.push(place);
    return places;
  }
  for (let at = 0; at + 1 < encoded.length; at += 2) places.push(encoded.readUInt16BE(at) % SEGMENT);
  return places;
}

export function hasPlace(encoded: Buffer, place: number): boolean {
  if (encoded.length === BITMAP_BYTES) return (((encoded[place >> 3] ?? 0) >> (place & 7)) & 1) === 1;
  for (let at = 0; at + 1 < encoded.length; at += 2) {
    if (encoded.readUInt16BE(at) % SEGMENT === place) return true;
  }
  return false;
}
