/** The memory of what goes through a whole ledger or file: it must not grow with either. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { COMMAND, commandEnvironment } from '../../test/support/ledger-process.js';
import type { Bench, Benchmark, Result } from '../benchmark.js';
import type { FinishedLedger } from '../support/finished-ledgers.js';
import { createBenchLedger } from '../support/ledger.js';
import { peakMemory } from '../support/peak-memory.js';
import { receiveAll } from '../support/receive-all.js';
import { summarise } from '../support/statistics.js';

const SCALES = {
  full: { few: 200_000, many: 1_000_000 },
  quick: { few: 10_000, many: 30_000 },
} as const;

/** MB that more entries may cost. */
const TARGET = { aboveFloorAtMost: 20 } as const;

export const MEMORY: Benchmark = {
  name: 'memory',
  async run(bench) {
    const { few, many } = SCALES[bench.quick ? 'quick' : 'full'];
    const small = await peaksOf(bench, few);
    const large = await peaksOf(bench, many);
    const sizes = `${many.toLocaleString('en')} entries against ${few.toLocaleString('en')}`;
    return [...large].map(([what, peaks]): Result => ({
      path: `memory: ${what}, ${sizes}`,
      unit: 'MB',
      subject: summarise(peaks),
      floor: summarise(small.get(what) ?? []),
      ratio: null,
      target: TARGET,
    }));
  },
};

type Peaks = ReadonlyMap<string, readonly number[]>;

/** When a heap is tidied up is chance: what does not take long is done so many times. */
const REPEATS = 3;

/** Each by a process that did nothing else: what it had at most, in MB. */
async function peaksOf(bench: Bench, entries: number): Promise<Peaks> {
  // heaps are as large as they get after some 100,000 entries: more than there is time for
  if (bench.quick) return new Map([['import', [await peakOfImport(bench, entries)]]]);
  const ledger = await bench.ledgers.of(entries);
  return new Map([
    ['export', await peaksOfApi(ledger, `/v1/export?toIndex=${entries}`)],
    ['verification', await peaksOfApi(ledger, '/v1/verify?mode=full')],
    ['catching up', [ledger.peakOfProjector]],
    ['import', [await peakOfImport(bench, entries)]],
  ]);
}

async function peaksOfApi(ledger: FinishedLedger, path: string): Promise<readonly number[]> {
  const peaks: number[] = [];
  for (let n = 0; n < REPEATS; n += 1) peaks.push(await peakOfApi(ledger, path));
  return peaks;
}

async function peakOfApi(ledger: FinishedLedger, path: string): Promise<number> {
  const api = await ledger.start('api');
  try {
    await receiveAll(api, path);
    return await peakMemory(api.pid);
  } finally {
    await api.stop();
  }
}

/** Lines without ids: for each of them the command has to know whether it was there before. */
async function peakOfImport(bench: Bench, lines: number): Promise<number> {
  const ledger = await createBenchLedger(bench);
  const folder = await mkdtemp(join(tmpdir(), 'bench-import-'));
  try {
    const file = join(folder, 'events.jsonl');
    await pipeline(Readable.from(eventLines(bench, lines)), createWriteStream(file));
    const api = await ledger.start('api');
    try {
      return await peakOfCommand(['import', file], { LEDGER_URL: api.url });
    } finally {
      await api.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
    await ledger.remove();
  }
}

function* eventLines({ events }: Bench, count: number): Generator<string> {
  for (let n = 0; n < count; n += 1) yield `${JSON.stringify(events.event(n))}\n`;
}

const LOOK_EVERY_MS = 50;

/** The system forgets what a process had when it ends, so it is asked again and again. */
async function peakOfCommand(
  args: readonly string[],
  settings: Readonly<Record<string, string>>,
): Promise<number> {
  const child = spawn(process.execPath, [COMMAND, ...args], {
    env: commandEnvironment(settings),
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  let peak = NaN;
  while (child.exitCode === null && child.signalCode === null) {
    const now = await peakMemory(child.pid ?? 0);
    if (!Number.isNaN(now)) peak = now;
    await Promise.race([exited, delay(LOOK_EVERY_MS)]);
  }
  const code = await exited;
  if (code !== 0) throw new Error(`event-ledger ${args.join(' ')}: ${code}`);
  return peak;
}
