/**
 * `event-ledger import`: JSONL to the API, in batches, one after the other so that a source's events keep their
 * order. Safe to repeat: every event has an id, made from the line itself where the line brings none.
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { LedgerError } from '../ledger/error.js';
import { connectToApi, describeProblem, type ApiClient } from './api-client.js';
import { EXIT, type ExitCode } from './exit.js';
import { IdentifiedLines, type ImportLine } from './import-lines.js';
import { readLines } from './lines.js';
import { note, print } from './output.js';
import { showProgress, type Progress } from './progress.js';
import type { Run } from './stopping.js';

interface ImportOptions {
  readonly url?: string;
  readonly user?: string;
  readonly patience: string;
  readonly json?: boolean;
}

export function addImport(program: Command, run: Run): void {
  program
    .command('import')
    .description('send JSONL, one event a line, to the API; safe to repeat (exit 1 when lines were refused)')
    .argument('<file>', 'the file, - for standard input')
    .option('--url <url>', 'the API (LEDGER_URL)')
    .option('--user <name>', 'the credential (LEDGER_USER)')
    .option('--patience <seconds>', 'how long to wait for a server that is away', '60')
    .option('--json', 'print the result as JSON')
    .action((file: string, options: ImportOptions) => run(() => importFile(file, options)));
}

/** The API takes at most 1,000 events and 8 MiB a request. */
const BATCH_LINES = 250;
const BATCH_BYTES = 4 * 1024 * 1024;
/** Above what the API takes as one event, so that the API is the one to refuse it, line by line. */
const LONGEST_LINE = 7 * 1024 * 1024;
const LISTED_REFUSALS = 100;

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

async function importFile(file: string, options: ImportOptions): Promise<ExitCode> {
  const patienceMs = Number(options.patience) * 1000;
  if (!Number.isFinite(patienceMs) || patienceMs < 0) {
    throw new LedgerError('invalid-input', `--patience ${options.patience}: must be a number of seconds`);
  }
  const api = connectToApi(options);
  const { input, size } = await openInput(file);
  const tally: Tally = { queued: 0, replayed: 0, refused: 0, refusals: [] };
  const progress = showProgress('bytes', { quiet: options.json === true || size === null });
  try {
    await sendAll(api, input, tally, { patienceMs, progress, size });
  } finally {
    progress.stop();
  }
  print(options.json === true ? JSON.stringify(tally) : describeTally(tally));
  return tally.refused === 0 ? EXIT.done : EXIT.findings;
}

async function openInput(file: string): Promise<{ input: AsyncIterable<Buffer>; size: number | null }> {
  if (file === '-') return { input: process.stdin as AsyncIterable<Buffer>, size: null };
  try {
    const status = await stat(file);
    if (status.isDirectory()) throw new Error('it is a directory');
    return {
      input: createReadStream(file, { highWaterMark: 256 * 1024 }) as AsyncIterable<Buffer>,
      size: status.isFile() ? status.size : null,
    };
  } catch (error) {
    throw new LedgerError('invalid-input', `${file} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

interface Sending {
  readonly patienceMs: number;
  readonly progress: Progress;
  readonly size: number | null;
}

async function sendAll(
  api: ApiClient,
  input: AsyncIterable<Buffer>,
  tally: Tally,
  sending: Sending,
): Promise<void> {
  const identified = new IdentifiedLines();
  let batch: ImportLine[] = [];
  let batchBytes = 0;
  let readBytes = 0;
  const flush = async (): Promise<void> => {
    if (batch.length > 0) await sendBatch(api, batch, tally, sending.patienceMs);
    sending.progress.update(readBytes, sending.size);
    batch = [];
    batchBytes = 0;
  };
  for await (const bytes of readLines(input, LONGEST_LINE)) {
    readBytes += bytes.length + 1;
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

interface BatchResult {
  readonly status: number;
  readonly problem?: unknown;
}

/** A server that never answered is not running, or elsewhere: whoever typed the command learns it soon. */
const FIRST_PATIENCE_MS = 3_000;

/** Sends a batch until every line has an answer; what the log could not take for now is sent again. */
async function sendBatch(
  api: ApiClient,
  batch: readonly ImportLine[],
  tally: Tally,
  patienceMs: number,
): Promise<void> {
  let open = batch;
  const answered = tally.queued + tally.replayed + tally.refused > 0;
  let deadline = Date.now() + (answered ? patienceMs : Math.min(patienceMs, FIRST_PATIENCE_MS));
  for (let attempt = 0; open.length > 0; attempt += 1) {
    const outcome = await tryBatch(api, open);
    if ('results' in outcome) {
      const later = count(open, outcome.results, tally);
      // Every answered line is progress: the patience is for a server that takes nothing at all.
      if (later.length < open.length) deadline = Date.now() + patienceMs;
      open = later;
      if (open.length === 0) return;
    }
    if (Date.now() >= deadline) {
      throw 'error' in outcome
        ? outcome.error
        : new LedgerError(
            'server-unavailable',
            `${api.url} takes no events for now; ${progressSoFar(tally)}`,
          );
    }
    if (attempt === 0) note(`event-ledger: ${api.url} takes no events for now; waiting for it`);
    await delay(Math.min(2_000, 50 * 2 ** Math.min(attempt, 6), Math.max(deadline - Date.now(), 1)));
  }
}

async function tryBatch(
  api: ApiClient,
  batch: readonly ImportLine[],
): Promise<{ results: readonly BatchResult[] } | { error: LedgerError }> {
  const body = Buffer.concat(batch.flatMap((line) => [line.bytes, NEWLINE]));
  try {
    const response = await api.request('/v1/events', {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body,
      expected: [422, 503],
    });
    const answer = (await response.json()) as { results?: readonly BatchResult[] };
    if (answer.results?.length === batch.length) return { results: answer.results };
    const detail = describeProblem(answer);
    return {
      error: new LedgerError('server-unavailable', `${api.url} answered ${response.status}: ${detail}`),
    };
  } catch (error) {
    const failure = error instanceof LedgerError ? error : brokenAnswer(api.url, error);
    if (!failure.retryable) throw failure;
    return { error: failure };
  }
}

const NEWLINE = Buffer.from('\n');

function brokenAnswer(url: string, cause: unknown): LedgerError {
  return new LedgerError('server-unavailable', `${url} broke off its answer`, { cause });
}

/** Counts what was answered for good; returns the lines to send again. */
function count(
  batch: readonly ImportLine[],
  results: readonly BatchResult[],
  tally: Tally,
): readonly ImportLine[] {
  const later: ImportLine[] = [];
  batch.forEach((line, at) => {
    const { status, problem } = results[at] ?? { status: 503 };
    if (status === 202) tally.queued += 1;
    else if (status === 200) tally.replayed += 1;
    else if (status === 503) later.push(line);
    else refuse(tally, { line: line.number, status, detail: describeProblem(problem) });
  });
  return later;
}

function refuse(tally: Tally, refusal: Refusal): void {
  tally.refused += 1;
  if (tally.refusals.length < LISTED_REFUSALS) tally.refusals.push(refusal);
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
