/**
 * `npm run bench`: what the ledger does in a second, beside what the same machine can do at all.
 *
 * Every path is measured in turn with a floor: a program that does only the unavoidable part of the same work. The
 * table gives medians; the JSON has every measurement.
 */
import { writeFile } from 'node:fs/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import { isFarBelow, type Bench, type Benchmark, type Result } from './benchmark.js';
import { eventsFrom, MADE_EVENTS } from './support/events.js';
import { finishedLedgers } from './support/finished-ledgers.js';
import { thisMachine } from './support/machine.js';
import { tableOf } from './support/table.js';
import { BENCHMARKS, FOR_EVENTSTORE } from './paths.js';

interface Options {
  readonly quick?: true;
  readonly only?: readonly string[];
  readonly rounds?: number;
  readonly data?: string;
  readonly json?: string;
}

const FULL_ROUNDS = 5;

const program = new Command('bench')
  .description('measure every path of the ledger beside its floor')
  .option('--quick', 'all of it in about two minutes; exit 1 where something is far below its target')
  .addOption(new Option('--only <name...>', 'some of them').choices(BENCHMARKS.map(({ name }) => name)))
  .option('--rounds <n>', `measurements of each side (${FULL_ROUNDS}, with --quick 1)`, positiveInteger)
  .option('--data <file>', 'real events in the place of made ones: JSONL, one event a line')
  .option('--json <file>', 'write every measurement there')
  .action(run);

await program.parseAsync();

async function run(options: Options): Promise<void> {
  const quick = options.quick === true;
  const bench: Bench = {
    quick,
    rounds: options.rounds ?? (quick ? 1 : FULL_ROUNDS),
    events: options.data === undefined ? MADE_EVENTS : await eventsFrom(options.data),
    ledgers: finishedLedgers(() => bench),
    eventStoreUrl: process.env.EVENTSTORE_URL ?? null,
    note: (line) => process.stderr.write(`${line}\n`),
  };
  const results: Result[] = [];
  try {
    for (const benchmark of chosen(options.only, bench)) {
      bench.note(`${benchmark.name} …`);
      results.push(...(await (quick ? runPatiently(benchmark, bench) : benchmark.run(bench))));
    }
  } finally {
    await bench.ledgers.remove();
  }
  process.stdout.write(`${tableOf(results)}\n`);
  if (options.json !== undefined) {
    const report = { machine: thisMachine(), quick, rounds: bench.rounds, results };
    await writeFile(options.json, `${JSON.stringify(report, null, 2)}\n`);
  }
  const broken = results.filter(isFarBelow);
  for (const { path } of broken) bench.note(`far from its target: ${path}`);
  if (quick && broken.length > 0) process.exitCode = 1;
}

/** Something else on the machine may spoil a short measurement; what is far from its target twice is so by itself. */
async function runPatiently(benchmark: Benchmark, bench: Bench): Promise<readonly Result[]> {
  const results = await benchmark.run(bench);
  const far = results.filter(isFarBelow);
  if (far.length === 0) return results;
  for (const { path } of far) bench.note(`far from its target, measured again: ${path}`);
  return benchmark.run(bench);
}

function chosen(names: readonly string[] | undefined, { eventStoreUrl }: Bench): readonly Benchmark[] {
  const benchmarks = eventStoreUrl === null ? BENCHMARKS : FOR_EVENTSTORE;
  return names === undefined ? benchmarks : benchmarks.filter(({ name }) => names.includes(name));
}

function positiveInteger(text: string): number {
  if (!/^[1-9][0-9]{0,3}$/.test(text)) throw new InvalidArgumentError('It is to be a number from 1 to 9999.');
  return Number(text);
}
