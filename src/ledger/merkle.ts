/**
 * The Merkle tree over the entry hashes (RFC 6962, 2.1; RFC 9162, 2.1). An entry hash is SHA-256(0x00 ‖ header), so
 * it is a leaf hash as it stands; an inner node is SHA-256(0x01 ‖ left ‖ right). Hashes are 32 bytes.
 */
import { hash as digest } from 'node:crypto';

export const HASH_BYTES = 32;

/** Root of the tree without leaves: the hash of nothing. */
export const EMPTY_ROOT: Buffer = digest('sha256', '', 'buffer');

/** The leaves from ≤ i < to of a tree, as the proofs' recursion cuts it. */
export interface Subtree {
  readonly from: number;
  readonly to: number;
}

/** A leaf's place in a tree and the siblings that lead from it to the root, lowest first. */
export interface InclusionClaim {
  readonly index: number;
  readonly size: number;
  readonly leaf: Buffer;
  readonly proof: readonly Buffer[];
  readonly root: Buffer;
}

/** Two trees, of which the first is said to be the beginning of the second. */
export interface ConsistencyClaim {
  readonly size1: number;
  readonly size2: number;
  readonly root1: Buffer;
  readonly root2: Buffer;
  readonly proof: readonly Buffer[];
}

export function nodeHash(left: Buffer, right: Buffer): Buffer {
  return rootOfHashes(Buffer.concat([left, right]));
}

/** Root of the tree over these leaf hashes. */
export function treeRoot(leaves: readonly Buffer[]): Buffer {
  return rootOfHashes(Buffer.concat(leaves));
}

/**
 * Root of the tree over concatenated hashes. They may be leaves, or the roots of perfect subtrees of one size with a
 * smaller one at the end: pairing neighbours and carrying an odd one up gives the tree of RFC 6962 for both.
 * @throws RangeError when the length is no multiple of 32
 */
export function rootOfHashes(hashes: Buffer): Buffer {
  if (hashes.length % HASH_BYTES !== 0) throw new RangeError('hashes have 32 bytes each');
  if (hashes.length === 0) return EMPTY_ROOT;
  const level = Buffer.from(hashes);
  const node = Buffer.alloc(1 + 2 * HASH_BYTES, 1);
  for (let count = level.length / HASH_BYTES; count > 1; count = Math.ceil(count / 2)) {
    for (let i = 0; i + 1 < count; i += 2) {
      level.copy(node, 1, i * HASH_BYTES, (i + 2) * HASH_BYTES);
      // as hex: three times faster than as a buffer
      level.write(digest('sha256', node, 'hex'), (i / 2) * HASH_BYTES, 'hex');
    }
    if (count % 2 === 1)
      level.copyWithin(((count - 1) / 2) * HASH_BYTES, (count - 1) * HASH_BYTES, count * HASH_BYTES);
  }
  return Buffer.from(level.subarray(0, HASH_BYTES));
}

/**
 * The subtrees whose roots prove that leaf `index` is in the tree of `size` leaves, lowest first (RFC 9162, 2.1.3.1).
 * @throws RangeError when there is no such leaf
 */
export function inclusionPath(index: number, size: number): readonly Subtree[] {
  requireSize(size);
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) {
    throw new RangeError(`no leaf ${index} in a tree of ${size}`);
  }
  const path: Subtree[] = [];
  for (let from = 0, to = size; to - from > 1;) {
    const middle = from + splitOf(to - from);
    if (index < middle) {
      path.push({ from: middle, to });
      to = middle;
    } else {
      path.push({ from, to: middle });
      from = middle;
    }
  }
  return path.reverse();
}

/**
 * The subtrees whose roots prove that the tree of `size1` leaves is the beginning of that of `size2`
 * (RFC 9162, 2.1.4.1). Nothing needs proof when the sizes are equal or the first is 0.
 * @throws RangeError when size1 > size2
 */
export function consistencyPath(size1: number, size2: number): readonly Subtree[] {
  requireSize(size1);
  requireSize(size2);
  if (size1 > size2) throw new RangeError(`a tree of ${size1} is not the beginning of one of ${size2}`);
  if (size1 === 0 || size1 === size2) return [];
  const path: Subtree[] = [];
  let from = 0;
  let to = size2;
  while (to !== size1) {
    const middle = from + splitOf(to - from);
    if (size1 <= middle) {
      path.push({ from: middle, to });
      to = middle;
    } else {
      path.push({ from, to: middle });
      from = middle;
    }
  }
  // the first tree's own root is known to who asks, so it is not repeated
  if (from > 0) path.push({ from, to });
  return path.reverse();
}

/** @throws RangeError when there is no such leaf */
export function inclusionProof(leaves: readonly Buffer[], index: number): readonly Buffer[] {
  return inclusionPath(index, leaves.length).map(({ from, to }) => treeRoot(leaves.slice(from, to)));
}

/** @throws RangeError when there are fewer than `size1` leaves */
export function consistencyProof(leaves: readonly Buffer[], size1: number): readonly Buffer[] {
  return consistencyPath(size1, leaves.length).map(({ from, to }) => treeRoot(leaves.slice(from, to)));
}

/** Whether the claim holds (RFC 9162, 2.1.3.2). Never throws: what is malformed proves nothing. */
export function verifyInclusion(claim: InclusionClaim): boolean {
  const { index, size, leaf, proof, root } = claim;
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return false;
  if (![leaf, root, ...proof].every(isHashSized)) return false;
  let node = leaf;
  let place = index;
  let last = size - 1;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (place % 2 === 1 || place === last) {
      node = nodeHash(sibling, node);
      [place, last] = climbRightEdge(place, last);
    } else {
      node = nodeHash(node, sibling);
    }
    place = half(place);
    last = half(last);
  }
  return last === 0 && node.equals(root);
}

/**
 * Whether the claim holds (RFC 9162, 2.1.4.2). The empty tree is the beginning of every tree, without proof.
 * Never throws: what is malformed proves nothing.
 */
export function verifyConsistency(claim: ConsistencyClaim): boolean {
  const { size1, size2, root1, root2, proof } = claim;
  if (!Number.isSafeInteger(size1) || !Number.isSafeInteger(size2) || size1 < 0 || size1 > size2)
    return false;
  if (![root1, root2, ...proof].every(isHashSized)) return false;
  if (size2 === 0 && !root2.equals(EMPTY_ROOT)) return false;
  if (size1 === 0) return proof.length === 0 && root1.equals(EMPTY_ROOT);
  if (size1 === size2) return proof.length === 0 && root1.equals(root2);

  const [first, ...rest] = isPowerOfTwo(size1) ? [root1, ...proof] : proof;
  if (first === undefined) return false;
  let place = size1 - 1;
  let last = size2 - 1;
  while (place % 2 === 1) {
    place = half(place);
    last = half(last);
  }
  let old = first;
  let now = first;
  for (const sibling of rest) {
    if (last === 0) return false;
    if (place % 2 === 1 || place === last) {
      old = nodeHash(sibling, old);
      now = nodeHash(sibling, now);
      [place, last] = climbRightEdge(place, last);
    } else {
      now = nodeHash(now, sibling);
    }
    place = half(place);
    last = half(last);
  }
  return last === 0 && old.equals(root1) && now.equals(root2);
}

/** A node at the right edge that has no sibling is carried up until it is somebody's right child. */
function climbRightEdge(place: number, last: number): [number, number] {
  while (place % 2 === 0 && place !== 0) {
    place = half(place);
    last = half(last);
  }
  return [place, last];
}

/** The largest power of two smaller than `count` (which is 2 or more): where RFC 6962 splits. */
function splitOf(count: number): number {
  let split = 1;
  while (split * 2 < count) split *= 2;
  return split;
}

// sizes go up to 2^53, beyond what bit operators can hold
function half(value: number): number {
  return Math.floor(value / 2);
}

function isPowerOfTwo(value: number): boolean {
  return splitOf(value * 2) === value;
}

function isHashSized(hash: Buffer): boolean {
  return hash.length === HASH_BYTES;
}

function requireSize(size: number): void {
  if (!Number.isSafeInteger(size) || size < 0) throw new RangeError(`${size} is no size of a tree`);
}
