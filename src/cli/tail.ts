/** `event-ledger tail`: the ledger as it grows, until Ctrl-C, however often the server goes away meanwhile. */
import { once } from 'node:events';
import type { Command } from 'commander';
import { tail, type TailedLine } from '../client/tail.js';
import { cut } from '../ledger/cut.js';
import { LedgerError } from '../ledger/error.js';
import { connectionOf, inCommandsWords } from './api-client.js';
import { EXIT, type ExitCode } from './exit.js';
import { note, shown } from './output.js';
import { collect, CREDENTIALS_HELP, parseParameters } from './parameters.js';
import { patienceOf } from './patience.js';
import { isStop, stopped, type Run } from './stopping.js';

interface TailCommandOptions {
  readonly url?: string;
  readonly user?: string;
  readonly fromIndex?: string;
  readonly filter: readonly string[];
  readonly patience?: string;
  readonly json?: boolean;
}

export function addTail(program: Command, run: Run): void {
  program
    .command('tail')
    .description('show entries as they are chained, verifying each (exit 1 when one is not what it says)')
    .option('--url <url>', 'the API (LEDGER_URL; http://127.0.0.1:8080)')
    .option('--user <name>', 'whose password is given (LEDGER_USER; admin)')
    .option('--from-index <index>', 'the first entry; what comes next without it')
    .option(
      '-f, --filter <name=value>',
      'a filter of the route /v1/events/stream, such as source=billing or payload.amount=12; may be repeated',
      collect,
      [],
    )
    .option('--patience <seconds>', 'how long to wait for a server that is away; for ever without it')
    .option('--json', 'print lines as an export has them, also on a terminal')
    .addHelpText('after', CREDENTIALS_HELP)
    .action((options: TailCommandOptions) => run((stop) => showTail(options, stop)));
}

async function showTail(options: TailCommandOptions, stop: AbortSignal): Promise<ExitCode> {
  const ended = endOf(stop);
  let isLost = false;
  const patience = patienceOf(options.patience, Infinity);
  const lines = tail(connectionOf(options), {
    filters: filtersOf(options.filter),
    ...(options.fromIndex !== undefined && { fromIndex: numberOf('--from-index', options.fromIndex) }),
    ...{ patienceMs: patience.ms, firstPatienceMs: patience.firstMs },
    onLost: (error) => {
      if (!isLost) note(`event-ledger: ${error.message}; waiting for it`);
      isLost = true;
    },
    onPlace: () => (isLost = false),
    signal: ended,
  });
  const asLines = options.json === true || !process.stdout.isTTY;
  let [shownSoFar, wrong] = [0, 0];
  try {
    for await (const line of lines) {
      shownSoFar += 1;
      if (line.findings.length > 0) {
        wrong += 1;
        note(`event-ledger: entry ${line.header.index}: ${describeFindings(line)}`);
      }
      await write(asLines ? line.line : Buffer.from(summaryOf(line, process.stdout.columns)), ended);
    }
  } catch (error) {
    if (!isStop(error, ended)) throw inCommandsWords(error);
  }
  if (stop.aborted) stopped(`${shownSoFar} entries were shown`);
  return wrong === 0 ? EXIT.done : EXIT.findings;
}

/** Aborted when the command is asked to stop, or when nobody takes what it shows: `event-ledger tail | head`. */
function endOf(stop: AbortSignal): AbortSignal {
  const ended = new AbortController();
  const end = (): void => ended.abort();
  stop.addEventListener('abort', end);
  if (stop.aborted) end();
  // what befalls standard output is said once, for all commands (main.ts)
  process.stdout.once('error', end);
  return ended.signal;
}

function filtersOf(parameters: readonly string[]): Record<string, string[]> {
  const filters: Record<string, string[]> = {};
  for (const [name, value] of parseParameters(parameters)) (filters[name] ??= []).push(value);
  return filters;
}

function numberOf(option: string, text: string): number {
  const value = Number(text);
  if (text !== '' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new LedgerError('invalid-input', `${option} ${text}: must be a whole number`);
}

function describeFindings({ findings }: TailedLine): string {
  return findings
    .map(({ code, detail }) => (detail === undefined ? code : `${code} (${shown(detail)})`))
    .join(', ');
}

/**
 * One row of the terminal: whatever stands in an event writes nothing but characters there.
 * @param columns of the terminal; 0 where it does not say, as that of a container may
 */
export function summaryOf({ header, data }: Pick<TailedLine, 'header' | 'data'>, columns: number): string {
  const { index, recordedAt, verdict, source, type } = header;
  const payload = data === null ? '(withheld)' : data.toString('utf8', 0, 2_000);
  const row = [index, recordedAt, verdict, source, type, payload]
    .map((part) => shown(String(part)))
    .join('  ');
  return columns > 0 ? cut(row, columns - 1) : row;
}

/** @throws the signal's reason, when aborted while nobody reads */
async function write(line: Buffer, ended: AbortSignal): Promise<void> {
  if (!process.stdout.write(Buffer.concat([line, NEWLINE])))
    await once(process.stdout, 'drain', { signal: ended });
}

const NEWLINE = Buffer.from('\n');
