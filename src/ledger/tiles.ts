/**
 * The Merkle tree's interior, kept as tiles of up to 256 hashes: level 0 holds entry hashes, level n the roots of
 * full tiles of level n−1.
 */
import { LedgerError } from './error.js';
import { consistencyPath, HASH_BYTES, inclusionPath, rootOfHashes, type Subtree } from './merkle.js';
import type { Hash } from './types.js';

export const TILE_HASHES = 256;

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

/**
 * The hashes of a tile, null where there is none. It may hold more than the caller's tree has (the tree went on
 * since): the beginning counts.
 */
export type FetchTile = (level: number, index: number) => Promise<Buffer | null>;

export const EMPTY_TREE: TreeState = { size: 0, partial: [] };

/** How many hashes a tree of `size` leaves has at a level of tiles. */
export function hashesAtLevel(size: number, level: number): number {
  return Math.floor(size / TILE_HASHES ** level);
}

/** How many hashes a tree of `size` leaves has in a tile: 0 where it has no such tile. */
export function hashesInTile(size: number, level: number, index: number): number {
  if (!(level >= 0 && index >= 0)) return 0;
  return Math.max(0, Math.min(TILE_HASHES, hashesAtLevel(size, level) - index * TILE_HASHES));
}

/** The tiles of a tree that grow when it does: the last one of each level, unless it is full. */
export function rightmostTiles(size: number): readonly { readonly level: number; readonly index: number }[] {
  const tiles: { readonly level: number; readonly index: number }[] = [];
  for (let level = 0; hashesAtLevel(size, level) > 0; level++) {
    const count = hashesAtLevel(size, level);
    if (count % TILE_HASHES > 0) tiles.push({ level, index: Math.floor(count / TILE_HASHES) });
  }
  return tiles;
}

/**
 * The tree with more leaves, and every tile that was begun or filled further by them, each from its first hash
 * on, lowest level first and in order within a level.
 * @param leaves entry hashes, hex or 32 bytes each
 */
export function appendLeaves(
  tree: TreeState,
  leaves: readonly Hash[] | readonly Buffer[],
): { readonly tree: TreeState; readonly tiles: readonly Tile[] } {
  const tiles: Tile[] = [];
  const partial: Buffer[] = [];
  let added = concatHashes(leaves);
  for (let level = 0; level < tree.partial.length || added.length > 0; level++) {
    const before = tree.partial[level] ?? Buffer.alloc(0);
    const hashes = Buffer.concat([before, added]);
    const first = Math.floor(hashesAtLevel(tree.size, level) / TILE_HASHES);
    const cut = cutTiles(hashes);
    if (added.length > 0) {
      tiles.push(...cut.all.map((part, i) => ({ level, index: first + i, hashes: part })));
    }
    partial.push(cut.rest);
    added = Buffer.concat(cut.full.map(rootOfHashes));
  }
  return { tree: { size: tree.size + leaves.length, partial }, tiles };
}

/** Root of the tree (RFC 6962, 2.1). */
export function rootOf(tree: TreeState): Hash {
  let right: Buffer = Buffer.alloc(0);
  for (const hashes of tree.partial) right = joinRight(hashes, right);
  return rootOfHashes(right).toString('hex') as Hash;
}

/**
 * The state of a tree of `size` leaves, read from its rightmost tiles.
 * @throws LedgerError `internal` when a tile is missing or too short
 */
export async function treeFromTiles(size: number, fetch: FetchTile): Promise<TreeState> {
  const partial: Buffer[] = [];
  for (let level = 0; hashesAtLevel(size, level) > 0; level++) {
    const count = hashesAtLevel(size, level);
    const kept = count % TILE_HASHES;
    partial.push(await hashesOf(fetch, level, count - kept, count));
  }
  return { size, partial };
}

/**
 * Proof that leaf `index` is in the tree of `size` leaves (RFC 9162, 2.1.3.1).
 * @throws RangeError when there is no such leaf
 * @throws LedgerError `internal` when a tile is missing or too short
 */
export async function inclusionProofFromTiles(
  index: number,
  size: number,
  fetch: FetchTile,
): Promise<readonly Buffer[]> {
  return Promise.all(inclusionPath(index, size).map((subtree) => subtreeRoot(subtree, fetch)));
}

/**
 * Proof that the tree of `size1` leaves is the beginning of that of `size2` (RFC 9162, 2.1.4.1).
 * @throws RangeError when size1 > size2
 * @throws LedgerError `internal` when a tile is missing or too short
 */
export async function consistencyProofFromTiles(
  size1: number,
  size2: number,
  fetch: FetchTile,
): Promise<readonly Buffer[]> {
  return Promise.all(consistencyPath(size1, size2).map((subtree) => subtreeRoot(subtree, fetch)));
}

/** Root over a subtree that begins at a multiple of its own size's power of two: as the proofs cut them. */
async function subtreeRoot({ from, to }: Subtree, fetch: FetchTile): Promise<Buffer> {
  let right: Buffer = Buffer.alloc(0);
  for (let level = 0; hashesAtLevel(to - from, level) > 0; level++) {
    // of the level's hashes, those that no full tile of the subtree sums up in the level above
    const end = hashesAtLevel(to, level);
    const isHighest = hashesAtLevel(to - from, level + 1) === 0;
    const begin = isHighest ? hashesAtLevel(from, level) : end - (end % TILE_HASHES);
    right = joinRight(await hashesOf(fetch, level, begin, end), right);
  }
  return right;
}

/** Root over a level's hashes and the root of what the lower levels hold beyond them; nothing of nothing. */
function joinRight(hashes: Buffer, right: Buffer): Buffer {
  const level = Buffer.concat([hashes, right]);
  return level.length === 0 ? level : rootOfHashes(level);
}

/** Hashes begin ≤ i < end of a level, which lie in one tile. */
async function hashesOf(fetch: FetchTile, level: number, begin: number, end: number): Promise<Buffer> {
  if (begin === end) return Buffer.alloc(0);
  const index = Math.floor(begin / TILE_HASHES);
  const first = index * TILE_HASHES;
  const tile = await fetch(level, index);
  if (tile === null || tile.length < (end - first) * HASH_BYTES) {
    throw new LedgerError(
      'internal',
      `tile ${index} of level ${level} is missing or too short: verify the ledger`,
    );
  }
  return tile.subarray((begin - first) * HASH_BYTES, (end - first) * HASH_BYTES);
}

function cutTiles(hashes: Buffer): {
  readonly all: readonly Buffer[];
  readonly full: readonly Buffer[];
  readonly rest: Buffer;
} {
  const bytes = TILE_HASHES * HASH_BYTES;
  const all: Buffer[] = [];
  for (let at = 0; at < hashes.length; at += bytes) all.push(hashes.subarray(at, at + bytes));
  const full = all.filter((part) => part.length === bytes);
  return { all, full, rest: hashes.subarray(full.length * bytes) };
}

function concatHashes(leaves: readonly Hash[] | readonly Buffer[]): Buffer {
  const hashes = Buffer.alloc(leaves.length * HASH_BYTES);
  leaves.forEach((leaf, i) => {
    if (typeof leaf === 'string') hashes.write(leaf, i * HASH_BYTES, 'hex');
    else leaf.copy(hashes, i * HASH_BYTES);
  });
  return hashes;
}
