import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  consistencyProof,
  inclusionProof,
  treeRoot,
  verifyConsistency,
  verifyInclusion,
} from '../../src/ledger/merkle.js';
import {
  appendLeaves,
  consistencyProofFromTiles,
  EMPTY_TREE,
  inclusionProofFromTiles,
  rootOf,
  treeFromTiles,
  type TreeState,
} from '../../src/ledger/tiles.js';
import type { Hash } from '../../src/ledger/types.js';
import { at } from './builders.js';

const leavesOf = (count: number) =>
  Array.from({ length: count }, (_, i) => createHash('sha256').update(`leaf ${i}`).digest());

const LEAVES = leavesOf(65_900);

/** A store of tiles, filled by appending the leaves in batches of these sizes. */
function storeOf(...batches: readonly number[]) {
  const store = new Map<string, Buffer>();
  let tree: TreeState = EMPTY_TREE;
  for (const size of batches) {
    const appended = appendLeaves(tree, LEAVES.slice(tree.size, tree.size + size));
    for (const { level, index, hashes } of appended.tiles) store.set(`${level}/${index}`, hashes);
    tree = appended.tree;
  }
  return {
    tree,
    store,
    fetch: (level: number, index: number) => Promise.resolve(store.get(`${level}/${index}`) ?? null),
  };
}

const inHex = (store: ReadonlyMap<string, Buffer>) =>
  [...store].map(([place, hashes]) => `${place} ${hashes.toString('hex')}`).toSorted();
const hexOf = (hashes: readonly Buffer[]) => hashes.map((hash) => hash.toString('hex'));

describe('tiles', () => {
  it.each([0, 1, 2, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 65_900])(
    'give the root of RFC 6962 over %i leaves',
    (size) => {
      const { tree } = storeOf(size);
      expect(rootOf(tree)).toBe(treeRoot(LEAVES.slice(0, size)).toString('hex'));
    },
  );

  it('come out the same, however the leaves were batched', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 8 }), (batches) => {
        const atOnce = storeOf(batches.reduce((sum, size) => sum + size, 0));
        const stepwise = storeOf(...batches);
        expect(inHex(stepwise.store)).toEqual(inHex(atOnce.store));
        expect(rootOf(stepwise.tree)).toBe(rootOf(atOnce.tree));
      }),
      { numRuns: 40 },
    );
  });

  it('are given from their first hash on, and only those that changed', () => {
    const { tree } = storeOf(300);
    const { tiles } = appendLeaves(tree, LEAVES.slice(300, 520));
    expect(tiles.map(({ level, index, hashes }) => [level, index, hashes.length / 32])).toEqual([
      [0, 1, 256],
      [0, 2, 8],
      [1, 0, 2],
    ]);
    expect(tiles[0]?.hashes.equals(Buffer.concat(LEAVES.slice(256, 512)))).toBe(true);
  });

  it('take leaves as hex too', () => {
    const hex = LEAVES.slice(0, 300).map((leaf) => leaf.toString('hex') as Hash);
    expect(rootOf(appendLeaves(EMPTY_TREE, hex).tree)).toBe(treeRoot(LEAVES.slice(0, 300)).toString('hex'));
  });

  it('hold in each level the roots of the full tiles below', () => {
    const { store } = storeOf(65_900);
    expect(store.get('1/0')).toHaveLength(256 * 32);
    expect(store.get('1/1')).toHaveLength(1 * 32);
    expect(store.get('2/0')).toEqual(treeRoot(LEAVES.slice(0, 65_536)));
  });

  it.each([0, 1, 255, 256, 300, 65_536, 65_900])(
    'give the state of a tree of %i leaves back',
    async (size) => {
      const { tree, fetch } = storeOf(size);
      expect(await treeFromTiles(size, fetch)).toEqual(tree);
    },
  );

  it('give the state of an earlier tree too, although they have grown since', async () => {
    const { fetch } = storeOf(1000);
    expect(await treeFromTiles(700, fetch)).toEqual(storeOf(700).tree);
  });

  it('give the proofs that the leaves give', async () => {
    const { fetch } = storeOf(65_900);
    for (const [index, size] of [
      [0, 1],
      [0, 300],
      [255, 256],
      [256, 65_900],
      [65_899, 65_900],
      [65_536, 65_537],
      [12_345, 65_700],
    ] as const) {
      const proof = await inclusionProofFromTiles(index, size, fetch);
      expect(hexOf(proof)).toEqual(hexOf(inclusionProof(LEAVES.slice(0, size), index)));
      const leaf = at(LEAVES, index);
      const root = treeRoot(LEAVES.slice(0, size));
      expect(verifyInclusion({ index, size, leaf, proof, root })).toBe(true);
    }
  });

  it('give consistency proofs between any sizes that they have passed', async () => {
    const { fetch } = storeOf(65_900);
    const roots = [0, 1, 255, 256, 257, 65_535, 65_536, 65_900].map((size) => ({
      size,
      root: treeRoot(LEAVES.slice(0, size)),
    }));
    for (const { size: size1, root: root1 } of roots) {
      for (const { size: size2, root: root2 } of roots.filter(({ size }) => size >= size1)) {
        const proof = await consistencyProofFromTiles(size1, size2, fetch);
        expect(verifyConsistency({ size1, size2, root1, root2, proof })).toBe(true);
      }
    }
    const proof = await consistencyProofFromTiles(300, 700, fetch);
    expect(hexOf(proof)).toEqual(hexOf(consistencyProof(LEAVES.slice(0, 700), 300)));
  });

  it('that are missing or too short are a failure that names them', async () => {
    const { store, fetch } = storeOf(600);
    store.delete('0/1');
    await expect(inclusionProofFromTiles(300, 600, fetch)).rejects.toThrow('tile 1 of level 0');
    store.set('1/0', Buffer.alloc(32));
    await expect(treeFromTiles(600, fetch)).rejects.toThrow('tile 0 of level 1');
  });
});
