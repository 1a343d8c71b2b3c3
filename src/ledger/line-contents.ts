/**
 * What can be told of the lines of an export one by one, whatever stands before them: whether their contents are in the
 * form of a line, and their hashes; and the digest of all. It takes as long as following the chain, and can be found out
 * elsewhere meanwhile.
 */
import { createHash } from 'node:crypto';
import { contentOf, startsWith } from './line.js';
import { MANIFEST_OPENING } from './manifest.js';
import { contentHash } from './entry.js';
import type { Hash } from './types.js';

const LINE_FEED = 0x0a;

export class LineContents {
  readonly #sha256 = createHash('sha256');
  /** the last bytes are in the midst of a line */
  #inLine = false;
  /** a line's first bytes, too few to tell whether it is the manifest's */
  #held: Buffer = Buffer.alloc(0);
  #beforeManifest: string | null = null;

  /**
   * The next bytes of a file. They may be overwritten afterwards.
   * @returns for each line feed in them the content hash of the line that it ends; null where that is not known: the line
   *   began before, has no content, or it is not in the form of one
   */
  take(given: Buffer): readonly (Hash | null)[] {
    if (given.length === 0) return [];
    const begunBefore = this.#inLine || this.#held.length > 0;
    const bytes = this.#held.length === 0 ? given : Buffer.concat([this.#held, given]);
    const hashes: (Hash | null)[] = [];
    const digested = { to: 0 };
    let from = 0;
    for (let end = bytes.indexOf(LINE_FEED); end !== -1; end = bytes.indexOf(LINE_FEED, from)) {
      if (from > 0 || !this.#inLine) this.#beginLine(bytes, from, digested);
      hashes.push(from === 0 && begunBefore ? null : hashOfContent(bytes.subarray(from, end)));
      from = end + 1;
    }
    const rest = bytes.length - from;
    const isBeginning = rest > 0 && (from > 0 || !this.#inLine);
    const isTooShort = isBeginning && rest < MANIFEST_OPENING.length;
    if (isBeginning) this.#beginLine(bytes, from, digested);
    this.#sha256.update(bytes.subarray(digested.to, isTooShort ? from : bytes.length));
    this.#held = isTooShort ? Buffer.from(bytes.subarray(from)) : Buffer.alloc(0);
    this.#inLine = rest > 0 && !isTooShort;
    return hashes;
  }

  #beginLine(bytes: Buffer, from: number, digested: { to: number }): void {
    if (this.#beforeManifest !== null || !startsWith(bytes, from, MANIFEST_OPENING)) return;
    this.#sha256.update(bytes.subarray(digested.to, from));
    digested.to = from;
    this.#beforeManifest = this.#sha256.copy().digest('hex');
  }

  /** Of the bytes before the first line that begins as a manifest; '' when there is none. */
  digest(): string {
    return this.#beforeManifest ?? '';
  }
}

function hashOfContent(line: Buffer): Hash | null {
  const content = contentOf(line);
  return content === null ? null : contentHash(content.data, content.metadata);
}
