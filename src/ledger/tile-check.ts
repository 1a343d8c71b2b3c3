/** Comparing stored tiles with the entry hashes, in the same pass that reads the entries. */
import { finding, type FindingList } from './finding.js';
import { HASH_BYTES, rootOfHashes } from './merkle.js';
import type { IndexRange } from './range.js';
import { hashesAtLevel, hashesInTile, rootOf, TILE_HASHES } from './tiles.js';
import type { Hash } from './types.js';

export interface StoredTile {
  readonly index: number;
  readonly hashes: Buffer;
}

/** A tile that the tree does not have, or that holds more than the tree has there. */
export interface SurplusTile {
  /** NaN for what is no integer */
  readonly level: number;
  readonly index: number;
  /** how many it holds, where they are too many; null: it must not be there at all */
  readonly hashes: number | null;
}

export interface SurplusTiles {
  /** the first 1,000 */
  readonly first: readonly SurplusTile[];
  readonly total: number;
}

/** Tiles from ≤ index < to of a level in their order, those that are missing left out; each good until the next is asked for. */
export type ReadTiles = (level: number, from: number, to: number) => AsyncIterable<StoredTile>;

/** of a full tile */
export const TILE_BYTES = TILE_HASHES * HASH_BYTES;

/** A tile as the entries give it. */
interface Computed {
  readonly level: number;
  readonly index: number;
  readonly hashes: Buffer;
  /** for each hash KNOWN, or UNKNOWN where the entries do not tell */
  readonly knowledge: Uint8Array;
  /** hashes that may stand there too: of an entry that contradicts itself */
  readonly alternatives: Map<number, Hash>;
}

const UNKNOWN = 0;
const KNOWN = 1;

/** How many tiles are asked for at once: what is asked for ends soon after the entries do, whatever the head says. */
const TILES_AT_ONCE = 1024;

interface Level {
  current: Computed | null;
  /** stored tiles up to `storedEnd` */
  stored: AsyncIterator<StoredTile> | null;
  storedEnd: number;
  /** read ahead of what was asked for: the last that was read, whose hashes are good */
  upcoming: StoredTile | null;
}

/** Holds one tile a level, and those that were filled since the last `settle`. */
export class TileCheck {
  private readonly levels: Level[] = [];
  private filled: Computed[] = [];
  /** of each level the hashes of its last tile, unless that is full */
  private readonly rightmost: Buffer[] = [];
  private readonly readTiles: ReadTiles;
  private readonly range: IndexRange;
  private readonly size: number;
  private readonly findings: FindingList;

  /** @param size of the tree; tiles may hold more, since it may have grown */
  constructor(input: {
    readonly readTiles: ReadTiles;
    readonly range: IndexRange;
    readonly size: number;
    readonly findings: FindingList;
  }) {
    this.readTiles = input.readTiles;
    this.range = input.range;
    this.size = input.size;
    this.findings = input.findings;
  }

  /**
   * The hash of an entry; indexes rise, and those left out are unknown.
   * @param alternative the entry contradicts itself, and this may be its hash as well
   */
  add(index: number, hash: Hash, alternative?: Hash): void {
    const { tile, slot } = this.slot(0, index);
    tile.hashes.write(hash, slot * HASH_BYTES, 'hex');
    tile.knowledge[slot] = KNOWN;
    if (alternative !== undefined) tile.alternatives.set(slot, alternative);
  }

  /** Compare what was filled since. */
  async settle(): Promise<void> {
    for (let tile = this.filled.shift(); tile !== undefined; tile = this.filled.shift()) {
      await this.compare(tile);
    }
  }

  /** Compare what is left: the rightmost tiles. */
  async finish(): Promise<void> {
    for (let level = 0; level < this.levels.length || this.filled.length > 0; level++) {
      await this.settle();
      this.fill(level);
      await this.settle();
    }
  }

  /** After `finish`: the root over the entries 0 ≤ index < size, when each of them was added without alternative. */
  root(): Hash {
    const partial = Array.from(this.rightmost, (hashes: Buffer | undefined) => hashes ?? Buffer.alloc(0));
    return rootOf({ size: this.size, partial });
  }

  async close(): Promise<void> {
    for (const { stored } of this.levels) await stored?.return?.();
  }

  private level(level: number): Level {
    return (this.levels[level] ??= { current: null, stored: null, storedEnd: 0, upcoming: null });
  }

  private slot(level: number, place: number): { readonly tile: Computed; readonly slot: number } {
    const index = Math.floor(place / TILE_HASHES);
    const at = this.level(level);
    if (at.current !== null && at.current.index !== index) this.fill(level);
    at.current ??= {
      level,
      index,
      hashes: Buffer.alloc(TILE_BYTES),
      knowledge: new Uint8Array(TILE_HASHES),
      alternatives: new Map(),
    };
    return { tile: at.current, slot: place % TILE_HASHES };
  }

  private fill(level: number): void {
    const at = this.level(level);
    if (at.current !== null) this.filled.push(at.current);
    at.current = null;
  }

  private async compare(tile: Computed): Promise<void> {
    const stored = await this.stored(tile);
    // a stored tile may hold more by now
    const count = tile.knowledge.lastIndexOf(KNOWN) + 1;
    if (stored !== null) this.compareHashes(tile, stored);
    if (count < TILE_HASHES) this.rightmost[tile.level] = tile.hashes.subarray(0, count * HASH_BYTES);
    if (!this.isWholeInRange(tile) || tile.knowledge.includes(UNKNOWN)) return;
    const parent = this.slot(tile.level + 1, tile.index);
    rootOfHashes(tile.hashes).copy(parent.tile.hashes, parent.slot * HASH_BYTES);
    parent.tile.knowledge[parent.slot] = KNOWN;
  }

  /** The stored hashes, null after a finding that they are missing or not as many as they must be. */
  private async stored(tile: Computed): Promise<Buffer | null> {
    const count = tile.knowledge.lastIndexOf(KNOWN) + 1;
    const hashes = await this.next(tile.level, tile.index);
    const fits =
      hashes !== null &&
      hashes.length >= count * HASH_BYTES &&
      hashes.length <= TILE_BYTES &&
      hashes.length % HASH_BYTES === 0;
    if (fits) return hashes;
    const detail = hashes === null ? 'missing' : `has ${hashes.length} bytes`;
    this.report(tile, { expected: `${count} hashes`, found: null, detail });
    return null;
  }

  /** Correct `tile` to what is stored where the entries leave it open, and report where they do not. */
  private compareHashes(tile: Computed, stored: Buffer): void {
    if (tile.alternatives.size === 0 && !tile.knowledge.includes(UNKNOWN) && tile.hashes.equals(stored))
      return;
    const different: number[] = [];
    for (let slot = 0; slot * HASH_BYTES < stored.length; slot++) {
      const at = slot * HASH_BYTES;
      const found = stored.subarray(at, at + HASH_BYTES);
      if (found.equals(tile.hashes.subarray(at, at + HASH_BYTES))) continue;
      const open = tile.knowledge[slot] === UNKNOWN || tile.alternatives.get(slot) === found.toString('hex');
      if (!open) {
        different.push(slot);
        continue;
      }
      found.copy(tile.hashes, at);
      tile.knowledge[slot] = KNOWN;
    }
    const [first] = different;
    if (first === undefined) return;
    const [expected, found] = [tile.hashes, stored].map((hashes) =>
      hashes.toString('hex', first * HASH_BYTES, (first + 1) * HASH_BYTES),
    );
    const others = different.length === 1 ? '' : ` and ${different.length - 1} more`;
    this.report(tile, { slot: first, expected, found, detail: `hash ${first}${others}` });
  }

  private report(
    { level, index }: Computed,
    what: { slot?: number; expected?: string | undefined; found?: string | undefined | null; detail: string },
  ): void {
    const { slot, expected = null, found = null, detail } = what;
    // only level 0 has entries of its own
    const entry = level === 0 && slot !== undefined ? index * TILE_HASHES + slot : null;
    const place = `tile ${index} of level ${level}: ${detail}`;
    this.findings.add(finding({ index: entry }, { code: 'tile-mismatch', expected, found, detail: place }));
  }

  /** Read on in a level up to a tile, null when there is none. */
  private async next(level: number, index: number): Promise<Buffer | null> {
    const at = this.level(level);
    if (at.stored === null || index >= at.storedEnd) {
      await at.stored?.return?.();
      const end = Math.ceil(hashesAtLevel(this.size, level) / TILE_HASHES);
      at.storedEnd = Math.min(index + TILES_AT_ONCE, end);
      at.stored = this.readTiles(level, index, at.storedEnd)[Symbol.asyncIterator]();
      at.upcoming = null;
    }
    while (at.upcoming === null || at.upcoming.index < index) {
      const result = await at.stored.next();
      if (result.done === true) return null;
      at.upcoming = result.value;
    }
    return at.upcoming.index === index ? at.upcoming.hashes : null;
  }

  private isWholeInRange({ level, index }: Computed): boolean {
    const leaves = TILE_HASHES ** (level + 1);
    return index * leaves >= this.range.fromIndex && (index + 1) * leaves <= this.range.toIndex;
  }
}

/** Report what no tree of `size` leaves has. */
export function reportSurplusTiles(tiles: SurplusTiles, size: number, findings: FindingList): void {
  for (const { level, index, hashes } of tiles.first) {
    const detail =
      hashes === null
        ? `tile ${index} of level ${level}: a tree of ${size} entries has none there, or no second one`
        : `tile ${index} of level ${level}: has more hashes than a tree of ${size} entries`;
    const expected = hashes === null ? null : `${hashesInTile(size, level, index)} hashes`;
    const found = hashes === null ? null : `${hashes} hashes`;
    findings.add(finding({}, { code: 'tile-mismatch', expected, found, detail }));
  }
  findings.addUnlisted(tiles.total - tiles.first.length);
}
