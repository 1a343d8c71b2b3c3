/** `event-ledger verify`: the server recomputes the chain; this shows what it found. */
import type { Command } from 'commander';
import { LedgerError } from '../ledger/error.js';
import type { Finding, VerificationReport } from '../ledger/finding.js';
import { connectToApi, describeProblem, unreachable, type ApiClient } from './api-client.js';
import { EXIT, type ExitCode } from './exit.js';
import { readLines } from './lines.js';
import { print, shown } from './output.js';
import { CREDENTIALS_HELP } from './parameters.js';
import { showProgress } from './progress.js';
import { isStop, stopped, type Run } from './stopping.js';

interface VerifyOptions {
  readonly url?: string;
  readonly user?: string;
  readonly mode: string;
  readonly fromIndex?: string;
  readonly toIndex?: string;
  readonly source?: string;
  readonly json?: boolean;
}

export function addVerify(program: Command, run: Run): void {
  program
    .command('verify')
    .description('recompute the ledger on the server and report every difference (exit 1 when there is one)')
    .option('--url <url>', 'the API (LEDGER_URL; http://127.0.0.1:8080)')
    .option('--user <name>', 'whose password is given (LEDGER_USER; admin)')
    .option('--mode <mode>', 'full: the ledger in itself; deep: against the event log, too', 'full')
    .option('--from-index <index>', 'first entry')
    .option('--to-index <index>', 'end of the range, exclusive')
    .option('--source <source>', 'one source only')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', CREDENTIALS_HELP)
    .action((options: VerifyOptions) => run((stop) => verify(options, stop)));
}

type VerifyLine =
  | { readonly progress: { readonly checked: number; readonly total: number } }
  | { readonly problem: unknown }
  | VerificationReport;

async function verify(options: VerifyOptions, stop: AbortSignal): Promise<ExitCode> {
  const api = connectToApi(options);
  const query = new URLSearchParams({ mode: options.mode });
  if (options.fromIndex !== undefined) query.set('fromIndex', options.fromIndex);
  if (options.toIndex !== undefined) query.set('toIndex', options.toIndex);
  if (options.source !== undefined) query.set('source', options.source);
  const progress = showProgress('entries', { quiet: options.json === true });
  let checked = 0;
  try {
    const report = await requestReport(api, query, stop, (done, total) => {
      checked = done;
      progress.update(done, total);
    }).finally(() => progress.stop());
    print(options.json === true ? JSON.stringify(report) : describeReport(report));
    return report.intact ? EXIT.done : EXIT.findings;
  } catch (error) {
    if (!isStop(error, stop)) throw error;
    return stopped(`the verification was broken off after ${checked} entries: nothing is said of the ledger`);
  }
}

const LONGEST_LINE = 16 * 1024 * 1024;

async function requestReport(
  api: ApiClient,
  query: URLSearchParams,
  stop: AbortSignal,
  progress: (checked: number, total: number) => void,
): Promise<VerificationReport> {
  const headers = { accept: 'application/x-ndjson' };
  const response = await api.request('/v1/verify', { query, headers, signal: stop });
  if (response.body === null) throw new LedgerError('server-unavailable', `${api.url} sent no report`);
  try {
    for await (const line of readLines(response.body, LONGEST_LINE)) {
      const message = JSON.parse(line.toString()) as VerifyLine;
      if ('progress' in message) progress(message.progress.checked, message.progress.total);
      else if ('problem' in message) {
        throw new LedgerError(
          'server-unavailable',
          `the verification ended: ${describeProblem(message.problem)}`,
        );
      } else return message;
    }
  } catch (error) {
    throw error instanceof LedgerError ? error : unreachable(api.url, error);
  }
  throw new LedgerError('server-unavailable', `${api.url} ended the verification without a report`);
}

/** What a person is told. */
export function describeReport(report: VerificationReport): string {
  const { range, checked, size, head, durationMs } = report;
  const scope = `${checked} of ${size} entries checked (indexes ${range.fromIndex} to ${range.toIndex}, exclusive) in ${durationMs} ms`;
  const unchecked = (report.notChecked ?? []).map((part) => `not checked: ${part}`);
  if (report.intact) return [`intact: ${scope}`, `head: ${size}:${head}`].join('\n');
  return [
    report.findingsTotal === 0
      ? `NOT CHECKED in full, and nothing found in what was: ${scope}`
      : `NOT INTACT: ${report.findingsTotal} finding${report.findingsTotal === 1 ? '' : 's'}, ${scope}`,
    ...report.findings.map(describeFinding),
    ...(report.findingsTotal > report.findings.length ? ['… (only the first are listed)'] : []),
    ...unchecked,
  ].join('\n');
}

/** One finding in one line. */
export function describeFinding(finding: Finding): string {
  const text = [
    `  ${finding.code}`,
    finding.line === undefined ? '' : `line ${finding.line}`,
    finding.index === null ? '' : `index ${finding.index}`,
    finding.id === null ? '' : `event ${finding.id}`,
    finding.source === null ? '' : `source ${JSON.stringify(finding.source)}`,
    finding.store === undefined ? '' : `(the ${finding.store} was changed)`,
    finding.detail ?? '',
    finding.expected === null ? '' : `expected ${finding.expected}`,
    finding.found === null ? '' : `found ${finding.found}`,
  ]
    .filter((part) => part !== '')
    .join('  ');
  return shown(text);
}
