import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  consistencyProof,
  EMPTY_ROOT,
  inclusionProof,
  nodeHash,
  treeRoot,
  verifyConsistency,
  verifyInclusion,
} from '../../src/ledger/merkle.js';
import { at } from './builders.js';

const VECTORS = '../shared/data/merkle';

interface InclusionVector {
  readonly leafIdx: number;
  readonly treeSize: number;
  readonly root: string;
  readonly leafHash: string;
  readonly proof: readonly string[] | null;
  readonly wantErr: boolean;
  readonly file: string;
}

interface ConsistencyVector {
  readonly size1: number;
  readonly size2: number;
  readonly root1: string;
  readonly root2: string;
  readonly proof: readonly string[] | null;
  readonly wantErr: boolean;
  readonly file: string;
}

/** The vectors of a file, none where it is not there. */
function vectors(name: string): unknown {
  return existsSync(VECTORS) ? JSON.parse(readFileSync(`${VECTORS}/${name}.json`, 'utf8')) : [];
}

const bytes = (base64: string) => Buffer.from(base64, 'base64');
const sha256 = (data: Buffer) => createHash('sha256').update(data).digest();
const leavesOf = (count: number) => Array.from({ length: count }, (_, i) => sha256(Buffer.from(`leaf ${i}`)));

/** The definition, word by word (RFC 6962, 2.1). */
function rootByDefinition(leaves: readonly Buffer[]): Buffer {
  const [only] = leaves;
  if (only === undefined) return sha256(Buffer.alloc(0));
  if (leaves.length === 1) return only;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return sha256(
    Buffer.concat([Buffer.of(1), rootByDefinition(leaves.slice(0, k)), rootByDefinition(leaves.slice(k))]),
  );
}

function withFlippedBit(hash: Buffer, bit: number): Buffer {
  const flipped = Buffer.from(hash);
  const at = Math.floor(bit / 8) % 32;
  flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << (bit % 8)), at);
  return flipped;
}

describe('the Merkle tree', () => {
  it('has the root that RFC 6962 defines, at every size', () => {
    for (let size = 0; size <= 70; size++) {
      const leaves = leavesOf(size);
      expect(treeRoot(leaves)).toEqual(rootByDefinition(leaves));
    }
  });

  it('hashes a node with its prefix, so that no leaf can pass for one', () => {
    const [left, right] = leavesOf(2) as [Buffer, Buffer];
    expect(nodeHash(left, right)).toEqual(sha256(Buffer.concat([Buffer.of(1), left, right])));
  });

  it('refuses to prove a leaf that is not there', () => {
    expect(() => inclusionProof(leavesOf(3), 3)).toThrow(RangeError);
    expect(() => inclusionProof(leavesOf(3), -1)).toThrow(RangeError);
    expect(() => inclusionProof(leavesOf(3), 0.5)).toThrow(RangeError);
    expect(() => consistencyProof(leavesOf(3), 4)).toThrow(RangeError);
  });
});

describe('an inclusion proof', () => {
  it('verifies for every leaf of every tree, and for no other place, size, leaf or root', () => {
    for (let size = 1; size <= 40; size++) {
      const leaves = leavesOf(size);
      const root = treeRoot(leaves);
      leaves.forEach((leaf, index) => {
        const claim = { index, size, leaf, proof: inclusionProof(leaves, index), root };
        expect(verifyInclusion(claim)).toBe(true);
        expect(verifyInclusion({ ...claim, index: index + 1 })).toBe(false);
        expect(verifyInclusion({ ...claim, root: withFlippedBit(root, index) })).toBe(false);
        expect(verifyInclusion({ ...claim, leaf: withFlippedBit(leaf, size) })).toBe(false);
      });
    }
  });

  it('fails with any bit of it flipped, any hash of it dropped and any hash added', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 300 }),
        fc.nat(),
        fc.nat(),
        fc.nat(),
        (size, atIndex, atHash, bit) => {
          const leaves = leavesOf(size);
          const index = atIndex % size;
          const proof = [...inclusionProof(leaves, index)];
          const claim = { index, size, leaf: at(leaves, index), root: treeRoot(leaves) };
          const place = atHash % proof.length;
          const hash = at(proof, place);
          expect(verifyInclusion({ ...claim, proof })).toBe(true);
          expect(verifyInclusion({ ...claim, proof: proof.with(place, withFlippedBit(hash, bit)) })).toBe(
            false,
          );
          expect(verifyInclusion({ ...claim, proof: proof.toSpliced(place, 1) })).toBe(false);
          expect(verifyInclusion({ ...claim, proof: proof.toSpliced(place, 0, hash) })).toBe(false);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('is refused, not crashed on, when it is no proof at all', () => {
    const leaf = sha256(Buffer.from('leaf'));
    const claim = { index: 0, size: 1, leaf, root: leaf, proof: [] };
    expect(verifyInclusion(claim)).toBe(true);
    for (const change of [
      { size: 2 },
      { size: 2, index: 1 },
      { index: -1 },
      { index: 1 },
      { index: NaN },
      { index: 0.5 },
      { size: 0 },
      { size: Infinity },
      { size: 2 ** 53 },
      { leaf: Buffer.alloc(0) },
      { root: Buffer.alloc(33) },
      { proof: [Buffer.alloc(31)] },
      { proof: Array.from({ length: 100 }, () => leaf) },
    ]) {
      expect(verifyInclusion({ ...claim, ...change })).toBe(false);
    }
  });
});

describe('a consistency proof', () => {
  it('verifies between all sizes, and fails against another root', () => {
    const leaves = leavesOf(40);
    for (let size2 = 0; size2 <= 40; size2++) {
      const root2 = treeRoot(leaves.slice(0, size2));
      for (let size1 = 0; size1 <= size2; size1++) {
        const root1 = treeRoot(leaves.slice(0, size1));
        const claim = { size1, size2, root1, root2, proof: consistencyProof(leaves.slice(0, size2), size1) };
        expect(verifyConsistency(claim)).toBe(true);
        expect(verifyConsistency({ ...claim, root1: withFlippedBit(root1, size2) })).toBe(false);
        expect(verifyConsistency({ ...claim, proof: [...claim.proof, root1] })).toBe(false);
        if (size1 > 0) {
          expect(verifyConsistency({ ...claim, root2: withFlippedBit(root2, size1) })).toBe(false);
        }
      }
    }
  });

  it('fails with any bit of it flipped or any hash of it dropped', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 300 }),
        fc.nat(),
        fc.nat(),
        fc.nat(),
        (size2, atSize, atHash, bit) => {
          const leaves = leavesOf(size2);
          const size1 = 1 + (atSize % (size2 - 1));
          const proof = [...consistencyProof(leaves, size1)];
          const claim = { size1, size2, root1: treeRoot(leaves.slice(0, size1)), root2: treeRoot(leaves) };
          const place = atHash % proof.length;
          const hash = at(proof, place);
          expect(verifyConsistency({ ...claim, proof })).toBe(true);
          expect(verifyConsistency({ ...claim, proof: proof.with(place, withFlippedBit(hash, bit)) })).toBe(
            false,
          );
          expect(verifyConsistency({ ...claim, proof: proof.toSpliced(place, 1) })).toBe(false);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('is refused, not crashed on, when it is no proof at all', () => {
    const root = sha256(Buffer.from('root'));
    const claim = { size1: 1, size2: 1, root1: root, root2: root, proof: [] };
    expect(verifyConsistency(claim)).toBe(true);
    expect(verifyConsistency({ ...claim, size1: 2 })).toBe(false);
    expect(verifyConsistency({ ...claim, size2: 2 })).toBe(false);
    expect(verifyConsistency({ ...claim, size1: -1 })).toBe(false);
    expect(verifyConsistency({ ...claim, size2: NaN })).toBe(false);
    expect(verifyConsistency({ ...claim, root1: Buffer.alloc(3) })).toBe(false);
    expect(verifyConsistency({ ...claim, size1: 0 })).toBe(false);
    expect(verifyConsistency({ ...claim, size1: 0, root1: EMPTY_ROOT })).toBe(true);
    expect(verifyConsistency({ ...claim, size1: 0, size2: 0, root1: EMPTY_ROOT })).toBe(false);
  });
});

describe.runIf(existsSync(VECTORS))('the vectors of transparency-dev', () => {
  it.each(vectors('inclusion') as readonly InclusionVector[])('inclusion: $file', (vector) => {
    const verified = verifyInclusion({
      index: vector.leafIdx,
      size: vector.treeSize,
      leaf: bytes(vector.leafHash),
      root: bytes(vector.root),
      proof: (vector.proof ?? []).map(bytes),
    });
    expect(verified).toBe(!vector.wantErr);
  });

  it.each(vectors('consistency') as readonly ConsistencyVector[])('consistency: $file', (vector) => {
    const verified = verifyConsistency({
      size1: vector.size1,
      size2: vector.size2,
      root1: bytes(vector.root1),
      root2: bytes(vector.root2),
      proof: (vector.proof ?? []).map(bytes),
    });
    expect(verified).toBe(!vector.wantErr);
  });
});
