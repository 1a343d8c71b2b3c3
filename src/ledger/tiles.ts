/**
 * The Merkle tree's interior, kept as tiles of up to 256 hashes: level 0 holds entry hashes, level n the roots of
 * full tiles of level n−1.
 */

/** Where a tree of `size` leaves goes on: enough to append without reading anything. */
export interface TreeState {
  readonly size: number;
  /** hashes of the rightmost, partial tile of each level, lowest level first; 32 bytes each, at most 255 */
  readonly partial: readonly Buffer[];
}

export interface Tile {
  readonly level: number;
  /** 0-based place in its level */
  readonly index: number;
  /** 1–256 hashes of 32 bytes each */
  readonly hashes: Buffer;
}
