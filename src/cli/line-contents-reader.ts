/** The contents of an export's lines, looked at by another thread: half of what checking an export takes. */
import type { Hash } from '../ledger/types.js';
import { startThread } from '../threads.js';

const LINE_FEED = 0x0a;

/** A line that is longer goes to the thread in pieces, as one whose content is not known. */
const LONGEST_BYTES = 4 * 1024 * 1024;

export interface LineContentsReader {
  /** What LineContents gives of these bytes, which are shared with the thread and must not change. */
  take(block: Buffer): Promise<readonly (Hash | null)[]>;
  digest(): Promise<string>;
  close(): Promise<void>;
}

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export function readLineContents(): LineContentsReader {
  // what it makes is garbage soon: a large heap would only be filled with it
  const thread = startThread('cli/line-contents-thread', { youngMb: 8 });
  const waiting: Waiting[] = [];
  thread.on('message', (answer: unknown) => waiting.shift()?.resolve(answer));
  thread.on('error', (error) => {
    for (const { reject } of waiting.splice(0)) reject(error);
  });
  const ask = <Answer>(message: unknown): Promise<Answer> => {
    const answer = new Promise<Answer>((resolve, reject) =>
      waiting.push({ resolve: resolve as Waiting['resolve'], reject }),
    );
    // of a thread that fails before its answer is waited for
    answer.catch(() => undefined);
    thread.postMessage(message);
    return answer;
  };
  return {
    take: (block) => ask(new Uint8Array(block.buffer, block.byteOffset, block.length)),
    digest: () => ask(null),
    close: async () => {
      await thread.terminate();
    },
  };
}

/**
 * The same bytes in blocks that end where a line does, in memory that threads share, and that is used again.
 * @param kept a block is overwritten when so many more have been asked for
 */
export async function* sharedBlocks(
  chunks: AsyncIterable<Buffer>,
  kept: number,
): AsyncGenerator<Buffer, void, void> {
  const shared = sharedMemory(kept + 1);
  let begun: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of chunks) {
      const end = chunk.lastIndexOf(LINE_FEED) + 1;
      if (end > 0 || length + chunk.length > LONGEST_BYTES) {
        const taken = end > 0 ? end : chunk.length;
        yield shared([...begun, chunk.subarray(0, taken)]);
        begun = [];
        length = 0;
        if (taken < chunk.length) begun.push(Buffer.from(chunk.subarray(taken)));
        length = chunk.length - taken;
      } else {
        begun.push(Buffer.from(chunk));
        length += chunk.length;
      }
    }
  } catch (error) {
    // what came before it is there all the same
    if (length > 0) yield shared(begun);
    throw error;
  }
  if (length > 0) yield shared(begun);
}

/** Most blocks have a chunk of the file, and the line that it began with. */
const USUAL_BYTES = 1_280 * 1024;

/** @returns what puts pieces together, in each of so many places in turn */
function sharedMemory(places: number): (pieces: readonly Buffer[]) => Buffer {
  const memory = Array.from({ length: places }, () => new SharedArrayBuffer(0));
  let blocks = 0;
  return (pieces) => {
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const place = blocks++ % places;
    let room = memory[place];
    if (room === undefined || room.byteLength < length)
      memory[place] = room = new SharedArrayBuffer(Math.max(length, USUAL_BYTES));
    const block = Buffer.from(room, 0, length);
    let at = 0;
    for (const piece of pieces) {
      block.set(piece, at);
      at += piece.length;
    }
    return block;
  };
}
