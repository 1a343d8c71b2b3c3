import { writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { eventually, runCommand, type LedgerProcess } from '../support/ledger-process.js';
import { ownLedgers } from '../support/own-ledgers.js';

const own = ownLedgers();

/** So many that a thread of its own reads them. */
const EVENTS = 17_000;

async function fill(ledger: LedgerProcess): Promise<void> {
  const lines = Array.from({ length: EVENTS }, (_, n) =>
    JSON.stringify({ source: `s${n % 5}`, type: 'counted', payload: { n } }),
  );
  const settings = { LEDGER_URL: ledger.url };
  const { code, stderr } = await runCommand(['import', '-'], settings, lines.join('\n'));
  expect([code, stderr]).toEqual([0, expect.anything()]);
  await eventually('every event in the ledger', async () => {
    const { size } = await ledger.json<{ readonly size: number }>('/v1/head');
    return size >= EVENTS;
  });
}

it('an export whose thread ends by a bug is answered as one, and the next has a thread again', async () => {
  const marker = `${own.folder}/made`;
  const module = `${own.folder}/mistake.cjs`;
  await writeFile(
    module,
    `const { parentPort, workerData } = require('node:worker_threads');
    const { existsSync, writeFileSync } = require('node:fs');
    if (workerData?.name?.includes('apart-thread') && !existsSync('${marker}')) {
      parentPort.once('message', () => {
        writeFileSync('${marker}', '');
        throw new Error('a mistake');
      });
    }`,
  );
  const ledger = await own.start({ PORT: '0', NODE_OPTIONS: `--require ${module}` });
  await fill(ledger);

  const refused = await ledger.request('/v1/export');
  expect(refused.status).toBe(500);
  expect(ledger.log.join('\n')).toContain('a mistake');

  const exported = await (await ledger.request('/v1/export')).text();
  expect(exported.trim().split('\n').length).toBeGreaterThan(EVENTS);
  const report = await ledger.json<{ readonly intact: boolean; readonly checked: number }>('/v1/verify');
  expect(report.intact).toBe(true);
  expect(report.checked).toBeGreaterThan(EVENTS);
});
