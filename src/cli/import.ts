/**
 * `event-ledger import`: JSONL to the API, in batches, one after the other so that a source's events keep their
 * order. Safe to repeat: every event has an id, made from the line itself where the line brings none.
 */
import { setFlagsFromString } from 'node:v8';
import type { Command } from 'commander';
import { LedgerError } from '../ledger/error.js';
import type { Connection } from '../client/connection.js';
import { sendLines, type Answer } from '../client/sending.js';
import { connectionOf, describeProblem, inCommandsWords } from './api-client.js';
import { EXIT, type ExitCode } from './exit.js';
import { foreignForm, IdentifiedLines, type ImportLine } from './import-lines.js';
import { openInput, unreadable, type Input } from './input.js';
import { readLines } from './lines.js';
import { note, print } from './output.js';
import { CREDENTIALS_HELP } from './parameters.js';
import { patienceOf, type Patience } from './patience.js';
import { showProgress } from './progress.js';
import { isStop, stopped, type Run } from './stopping.js';

interface ImportOptions {
  readonly url?: string;
  readonly user?: string;
  readonly patience?: string;
  readonly json?: boolean;
}

export function addImport(program: Command, run: Run): void {
  program
    .command('import')
    .description('send JSONL, one event a line, to the API; safe to repeat (exit 1 when lines were refused)')
    .argument('<file>', 'the file, plain or gzipped; - for standard input')
    .option('--url <url>', 'the API (LEDGER_URL; http://127.0.0.1:8080)')
    .option('--user <name>', 'whose password is given (LEDGER_USER; admin)')
    .option(
      '--patience <seconds>',
      'how long to wait for a server that is away (60; before its first answer 3)',
    )
    .option('--json', 'print the result as JSON')
    .addHelpText('after', CREDENTIALS_HELP)
    .action((file: string, options: ImportOptions) => run((stop) => importFile(file, options, stop)));
}

/** The API takes at most 1,000 events and 8 MiB a request. */
const BATCH_LINES = 250;
const BATCH_BYTES = 4 * 1024 * 1024;
/** Above what the API takes as one event, so that the API is the one to refuse it, line by line. */
const LONGEST_LINE = 7 * 1024 * 1024;
const LISTED_REFUSALS = 100;

/** How long a server may take nothing. */
const PATIENCE_MS = 60_000;

interface Tally {
  queued: number;
  replayed: number;
  refused: number;
  /** the first of them */
  readonly refusals: Refusal[];
}

interface Refusal {
  readonly line: number;
  readonly status: number;
  readonly detail: string;
}

async function importFile(file: string, options: ImportOptions, stop: AbortSignal): Promise<ExitCode> {
  keepYoungObjectsFew();
  const patience = patienceOf(options.patience, PATIENCE_MS);
  const api = connectionOf(options);
  const input = await openInput(file, stop);
  const tally: Tally = { queued: 0, replayed: 0, refused: 0, refusals: [] };
  const progress = showProgress('bytes', { quiet: options.json === true || input.size === null });
  const report = (end: { readonly stopped?: true } = {}): void =>
    print(options.json === true ? JSON.stringify({ ...tally, ...end }) : describeTally(tally));
  try {
    await sendAll(api, linesOf(file, input), tally, {
      patience,
      stop,
      progress: () => progress.update(input.read(), input.size),
    }).finally(() => progress.stop());
  } catch (error) {
    if (!isStop(error, stop)) {
      if (answered(tally)) report();
      throw inCommandsWords(error);
    }
    report({ stopped: true });
    return stopped('there may be more to send; sent again, the same file records nothing twice');
  }
  report();
  return tally.refused === 0 ? EXIT.done : EXIT.findings;
}

/**
 * Leave the room for new objects at what it is now. V8 doubles it, up to 48 MB, whenever as much has ever outlived a
 * collection: so memory would grow with the file, though nothing of a line stays. (A thread that is started sets it back.)
 */
function keepYoungObjectsFew(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

/**
 * The file's lines.
 * @throws LedgerError `invalid-input` when it cannot be read, or its first line shows that its lines are no events
 */
async function* linesOf(file: string, input: Input): AsyncGenerator<Buffer> {
  try {
    let first = true;
    for await (const line of readLines(input.bytes, LONGEST_LINE)) {
      const mistake = first ? foreignForm(line) : null;
      if (mistake !== null) throw new LedgerError('invalid-input', `${file} ${mistake}`);
      first = false;
      yield line;
    }
  } catch (error) {
    throw error instanceof LedgerError ? error : unreadable(file, error);
  }
}

interface Sending {
  readonly patience: Patience;
  readonly stop: AbortSignal;
  readonly progress: () => void;
}

async function sendAll(
  api: Connection,
  lines: AsyncIterable<Buffer>,
  tally: Tally,
  sending: Sending,
): Promise<void> {
  const identified = new IdentifiedLines();
  let batch: ImportLine[] = [];
  let batchBytes = 0;
  const flush = async (): Promise<void> => {
    if (batch.length > 0) await sendBatch(api, batch, tally, sending);
    sending.progress();
    batch = [];
    batchBytes = 0;
  };
  for await (const bytes of lines) {
    const line = identified.next(bytes);
    if (line === null) continue;
    if (line.bytes.length > LONGEST_LINE) {
      refuse(tally, { line: line.number, status: 413, detail: `longer than ${LONGEST_LINE} bytes` });
      continue;
    }
    if (batch.length === BATCH_LINES || batchBytes + line.bytes.length > BATCH_BYTES) await flush();
    batch.push(line);
    batchBytes += line.bytes.length + 1;
  }
  await flush();
}

/** Sends a batch until every line has an answer; what the log could not take for now is sent again. */
async function sendBatch(
  api: Connection,
  batch: readonly ImportLine[],
  tally: Tally,
  { patience, stop }: Sending,
): Promise<void> {
  const firstMs = answered(tally) ? patience.ms : patience.firstMs;
  const lines = batch.map(({ bytes }) => bytes);
  await sendLines(api, lines, {
    ...{ ms: patience.ms, firstMs, signal: stop },
    answered: (at, answer) => count(batch[at], answer, tally),
    waiting: () => note(`event-ledger: ${api.url} takes no events for now; waiting for it`),
  });
}

function count(line: ImportLine | undefined, answer: Answer, tally: Tally): void {
  if ('problem' in answer) {
    const { status, problem } = answer;
    refuse(tally, { line: line?.number ?? 0, status, detail: describeProblem(problem) });
  } else if (answer.status === 202) tally.queued += 1;
  else tally.replayed += 1;
}

function refuse(tally: Tally, refusal: Refusal): void {
  tally.refused += 1;
  if (tally.refusals.length < LISTED_REFUSALS) tally.refusals.push(refusal);
}

function answered(tally: Tally): boolean {
  return tally.queued + tally.replayed + tally.refused > 0;
}

function progressSoFar(tally: Tally): string {
  return `${tally.queued} events recorded, ${tally.replayed} were there already, ${tally.refused} refused`;
}

function describeTally(tally: Tally): string {
  const omitted = tally.refused - tally.refusals.length;
  return [
    progressSoFar(tally),
    ...tally.refusals.map(({ line, status, detail }) => `  line ${line}: ${status} ${detail}`),
    ...(omitted > 0 ? [`  … and ${omitted} more`] : []),
  ].join('\n');
}
