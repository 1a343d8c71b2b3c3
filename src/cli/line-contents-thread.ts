/** Runs in a thread of its own (see line-contents-reader.ts): answers each message in turn. */
import { parentPort } from 'node:worker_threads';
import { LineContents } from '../ledger/line-contents.js';

const contents = new LineContents();

parentPort?.on('message', (block: Uint8Array | null) => {
  const answer =
    block === null
      ? contents.digest()
      : contents.take(Buffer.from(block.buffer, block.byteOffset, block.byteLength));
  parentPort?.postMessage(answer);
});
