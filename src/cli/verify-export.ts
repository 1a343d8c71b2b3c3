/** `event-ledger verify-export`: checks an export offline, with nothing but the file. */
import type { Command } from 'commander';
import { LedgerError } from '../ledger/error.js';
import { ExportChecker, type ExportReport } from '../ledger/export-check.js';
import { parseNotedHead } from '../ledger/manifest.js';
import type { Head } from '../ledger/types.js';
import { EXIT, type ExitCode } from './exit.js';
import { openInput, type Input } from './input.js';
import { readLineContents, sharedBlocks } from './line-contents-reader.js';
import { print, shown } from './output.js';
import { showProgress } from './progress.js';
import { stopped, type Run } from './stopping.js';
import { describeFinding } from './verify.js';

interface VerifyExportOptions {
  readonly head?: string;
  readonly json?: boolean;
}

export function addVerifyExport(program: Command, run: Run): void {
  program
    .command('verify-export')
    .description(
      'check an export offline: needs neither server nor database (exit 1 when something is wrong)',
    )
    .argument('<file>', 'the export, plain or gzipped; - for standard input')
    .option('--head <size:hash>', 'a head of the ledger that was noted elsewhere')
    .option('--json', 'print the report as JSON')
    .action((file: string, options: VerifyExportOptions) => run((stop) => verifyExport(file, options, stop)));
}

async function verifyExport(
  file: string,
  options: VerifyExportOptions,
  stop: AbortSignal,
): Promise<ExitCode> {
  const checker = new ExportChecker(options.head === undefined ? {} : { head: requireHead(options.head) });
  const input = await openInput(file, stop);
  const { damage, digest } = await feed(checker, input, options.json === true);
  if (stop.aborted) return stopped(`${input.read()} bytes were checked, and nothing is said of the file`);
  const report = checker.end(digest);
  const intact = report.intact && damage === null;
  if (options.json === true)
    print(JSON.stringify({ ...report, intact, ...(damage === null ? {} : { damage }) }));
  else print(describeReport(report, damage));
  return intact ? EXIT.done : EXIT.findings;
}

function requireHead(text: string): Head {
  const head = parseNotedHead(text);
  if (head !== null) return head;
  throw new LedgerError('invalid-input', `--head ${text}: must be SIZE:HASH, the hash in 64 hex digits`);
}

/** A file that is smaller is checked before another thread has begun. */
export const WORTH_A_THREAD_BYTES = 16 * 1024 * 1024;

/** What kept the file from being read to its end, null when nothing did; and the digest, where it was made elsewhere. */
interface Fed {
  readonly damage: string | null;
  readonly digest?: string;
}

async function feed(checker: ExportChecker, input: Input, quiet: boolean): Promise<Fed> {
  const progress = showProgress('bytes', { quiet: quiet || input.size === null });
  const update = (): void => progress.update(input.read(), input.size);
  try {
    if ((input.size ?? Infinity) >= WORTH_A_THREAD_BYTES) return await feedBesides(checker, input, update);
    const damage = await untilDamaged(input.bytes, (chunk) => {
      checker.write(chunk);
      update();
    });
    return { damage };
  } finally {
    progress.stop();
  }
}

/** Blocks that another thread may be ahead. */
const AHEAD = 3;

/** The contents of the lines are looked at by another thread. */
async function feedBesides(checker: ExportChecker, input: Input, update: () => void): Promise<Fed> {
  const reader = readLineContents();
  const waiting: { readonly block: Buffer; readonly contents: ReturnType<typeof reader.take> }[] = [];
  const check = async (left: number): Promise<void> => {
    for (let next = waiting[0]; next !== undefined && waiting.length > left; next = waiting[0]) {
      waiting.shift();
      checker.write(next.block, await next.contents);
      update();
    }
  };
  try {
    const damage = await untilDamaged(sharedBlocks(input.bytes, AHEAD), async (block) => {
      waiting.push({ block, contents: reader.take(block) });
      await check(AHEAD);
    });
    await check(0);
    return { damage, digest: await reader.digest() };
  } finally {
    await reader.close();
  }
}

/** @returns what ended the bytes before their end, null when nothing did */
async function untilDamaged<Bytes>(
  bytes: AsyncIterable<Bytes>,
  take: (bytes: Bytes) => void | Promise<void>,
): Promise<string | null> {
  const iterator = bytes[Symbol.asyncIterator]();
  for (;;) {
    let next: IteratorResult<Bytes>;
    try {
      next = await iterator.next();
    } catch (error) {
      return (error as Error).message;
    }
    if (next.done === true) return null;
    await take(next.value);
  }
}

/** A report lists so many findings at most: here the lines of a file that is something else. */
const LISTED = 1_000;

/** What a person is told; nothing in it can speak to the terminal. */
export function describeReport(report: ExportReport, damage: string | null): string {
  const { count, unread, manifest, findings, findingsTotal } = report;
  const intact = report.intact && damage === null;
  if (isSomethingElse(report)) {
    return [
      `NOT INTACT: this does not look like an export: none of its ${count > LISTED ? `first ${LISTED}` : count} lines is an entry`,
      ...(damage === null ? [] : [`the file cannot be read to its end: ${damage}`]),
    ].join('\n');
  }
  const verdict = intact ? 'intact' : `NOT INTACT: ${findingsTotal} finding${findingsTotal === 1 ? '' : 's'}`;
  return [
    `${verdict}: ${count} entr${count === 1 ? 'y' : 'ies'}${describeScope(report)}`,
    ...(manifest === null
      ? []
      : [`head of the ledger at the export: ${manifest.head.size}:${manifest.head.hash}`]),
    ...(unread === 0 ? [] : [`${unread} entries withhold their content: only their headers were checked`]),
    ...(damage === null ? [] : [`the file cannot be read to its end: ${damage}`]),
    ...findings.map(describeFinding),
    ...(findingsTotal > findings.length ? ['… (only the first are listed)'] : []),
    describeHead(report),
  ].join('\n');
}

/** None of the lines that are listed is an entry, and none of all a manifest. */
function isSomethingElse({ count, manifest, findings }: ExportReport): boolean {
  const malformed = new Set(findings.filter(({ code }) => code === 'malformed-line').map(({ line }) => line));
  const others = findings.filter(({ code, line }) => code !== 'malformed-line' && line !== undefined);
  return count > 0 && manifest === null && others.length === 0 && malformed.size >= Math.min(count, LISTED);
}

function describeScope({ manifest }: ExportReport): string {
  if (manifest === null) return '';
  const filters = Object.entries(manifest.filters).flatMap(([name, values]) =>
    values.map((value) => `${name}=${value}`),
  );
  const range = `indexes ${manifest.fromIndex} to ${manifest.toIndex}, exclusive`;
  return shown(
    ` of ${manifest.ledger}, ${range}${filters.length === 0 ? '' : `, where ${filters.join(', ')}`}`,
  );
}

function describeHead({ head }: ExportReport): string {
  if (head === null) {
    return 'held to no head: this shows accidents; against intent, note the head elsewhere and give it with --head';
  }
  const noted = `${head.size}:${head.hash}`;
  return head.comparedWith === null
    ? `the noted head ${noted} could not be compared`
    : `held to the noted head ${noted} (compared with the ${head.comparedWith})`;
}
