/** `event-ledger verify-export FILE`: an export checked offline, with nothing but the file. */
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ExportReport } from '../../src/ledger/export-check.js';
import { runCommand, type LedgerProcess } from '../../test/support/ledger-process.js';
import { inTurn, type Benchmark, type Side } from '../benchmark.js';
import { runFloor } from '../support/floor-program.js';

const ENTRIES = 300_000;
const QUICK_ENTRIES = 30_000;
/** Starts of each process that are measured; the quickest counts. */
const STARTS = 5;

export const VERIFY_EXPORT: Benchmark = {
  name: 'verify-export',
  async run(bench) {
    const entries = bench.quick ? QUICK_ENTRIES : ENTRIES;
    const ledger = await bench.ledgers.of(entries);
    const folder = await mkdtemp(join(tmpdir(), 'bench-export-'));
    const [all, none] = [join(folder, 'all.jsonl'), join(folder, 'none.jsonl')];
    try {
      const api = await ledger.start('api');
      await download(api, entries, all);
      await download(api, 0, none);
      await api.stop();
      const check = async (file: string): Promise<void> => {
        const { stdout } = await runCommand(['verify-export', '--json', file], {});
        const { intact, count } = JSON.parse(stdout) as ExportReport;
        if (!intact || count !== (file === all ? entries : 0)) throw new Error(`not verified: ${stdout}`);
      };
      const measured = await inTurn(bench.rounds, {
        subject: await entriesASecond(check, { all, none, entries }),
        floor: await entriesASecond((file) => runFloor('verify-export', file), { all, none, entries }),
      });
      return [{ path: 'verify-export, offline', unit: 'entries/s', ...measured, target: { atLeast: 0.5 } }];
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

/** Of a process from its start to its end, less what it takes with the export of nothing: start and end themselves. */
async function entriesASecond(
  run: (file: string) => Promise<unknown>,
  { all, none, entries }: { readonly all: string; readonly none: string; readonly entries: number },
): Promise<Side> {
  const seconds = async (file: string): Promise<number> => {
    const began = performance.now();
    await run(file);
    return (performance.now() - began) / 1_000;
  };
  const starts: number[] = [];
  for (let n = 0; n < STARTS; n += 1) starts.push(await seconds(none));
  const start = Math.min(...starts);
  return async () => entries / ((await seconds(all)) - start);
}

async function download(api: LedgerProcess, toIndex: number, file: string): Promise<void> {
  const { body } = await api.request(`/v1/export?toIndex=${toIndex}`, {
    headers: { 'accept-encoding': 'identity' },
  });
  if (body === null) throw new Error('the export has no body');
  await pipeline(Readable.fromWeb(body), createWriteStream(file));
}
