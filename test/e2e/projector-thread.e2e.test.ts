import { writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { serverOf } from '../support/data-directory.js';
import { eventually, runCommand } from '../support/ledger-process.js';
import { ownLedgers } from '../support/own-ledgers.js';

const own = ownLedgers();

/** Settings of `event-ledger start`, whose projector's thread does this besides. */
async function withMistake(what: string): Promise<Readonly<Record<string, string>>> {
  const module = `${own.folder}/mistake.cjs`;
  const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    const soon = (mistake) => setTimeout(mistake, 3_000);
    if (workerData?.name?.includes('projector-thread')) ${what};`;
  await writeFile(module, code);
  return { LEDGER_DATA: `${own.folder}/data`, PORT: '0', NODE_OPTIONS: `--require ${module}` };
}

it.each([
  ['throws while all of it starts', `setImmediate(() => { throw new Error('a mistake'); })`],
  ['rejects what nobody waits for', `soon(() => void Promise.reject(new Error('a mistake')))`],
  ['ends without a word', `soon(() => process.exit(0))`],
])('event-ledger start ends as a bug, PostgreSQL with it, when its projector %s', async (_what, mistake) => {
  const { code, stderr } = await runCommand(['start'], await withMistake(mistake));
  expect([code, stderr]).toEqual([4, expect.stringContaining('This is a bug in event-ledger')]);
  expect(await serverOf(`${own.folder}/data`)).toBeNull();
});

it('event-ledger start says so when its projector could not be stopped in order', async () => {
  const mistake = `parentPort.on('message', () => { throw new Error('a mistake'); })`;
  const ledger = await own.start(await withMistake(mistake));
  await eventually('a projector that leads', async () =>
    (await (await ledger.request('/metrics')).text()).includes('projector_state{state="leading"} 1'),
  );
  expect(await ledger.stop()).toBe(3);
  expect(ledger.log.join('\n')).toMatch(/"part":"projector".*could not be closed in order/);
});
