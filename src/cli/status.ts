/** `event-ledger status`: how the ledger is, at a glance. */
import type { Command } from 'commander';
import { LedgerError } from '../ledger/error.js';
import { connectToApi, describeProblem, type ApiClient } from './api-client.js';
import { EXIT, type ExitCode } from './exit.js';
import { print } from './output.js';
import { CREDENTIALS_HELP } from './parameters.js';
import { describeStatus, type HealthAnswer, type StatsAnswer } from './status-text.js';
import type { Run } from './stopping.js';

interface StatusOptions {
  readonly url?: string;
  readonly user?: string;
  readonly json?: boolean;
}

export function addStatus(program: Command, run: Run): void {
  program
    .command('status')
    .description('show how the ledger is: health, head, lag, events, rates, alarms (exit 1 degraded, 3 down)')
    .option('--url <url>', 'the API (LEDGER_URL; http://127.0.0.1:8080)')
    .option('--user <name>', 'whose password is given (LEDGER_USER; admin)')
    .option('--json', 'print what /health and /stats answer as one JSON object')
    .addHelpText('after', CREDENTIALS_HELP)
    .action((options: StatusOptions) => run((stop) => showStatus(options, stop)));
}

/** What a script learns of it. */
const EXIT_OF: Readonly<Record<HealthAnswer['status'], ExitCode>> = {
  ok: EXIT.done,
  degraded: EXIT.findings,
  down: EXIT.unavailable,
};

async function showStatus(options: StatusOptions, stop: AbortSignal): Promise<ExitCode> {
  const api = connectToApi(options);
  const health = await askHealth(api, stop);
  const stats = await askStats(api, health, stop);
  print(options.json === true ? JSON.stringify({ health, stats }) : describeStatus(api.url, health, stats));
  return EXIT_OF[health.status];
}

async function askHealth(api: ApiClient, stop: AbortSignal): Promise<HealthAnswer> {
  const response = await api.request('/health', { signal: stop, expected: [503] });
  const answer = await jsonOf(response);
  // what is down says so with a report; what is stopping, or stands in front of it, with a problem or anything at all
  if (typeof answer === 'object' && answer !== null && 'lag' in answer) return answer as HealthAnswer;
  if (isStatusAlone(answer)) {
    throw new LedgerError(
      'access-denied',
      `${api.url} is ${answer.status}; more it tells to those alone who may monitor, as the roles monitor and admin`,
    );
  }
  throw new LedgerError(
    'server-unavailable',
    `${api.url} does not say how it is (status ${response.status}): ${describeProblem(answer) || 'no reason given'}`,
  );
}

/** What credentials without the right to monitor are answered. */
function isStatusAlone(answer: unknown): answer is { readonly status: string } {
  return (
    typeof answer === 'object' &&
    answer !== null &&
    'status' in answer &&
    Object.hasOwn(EXIT_OF, String(answer.status))
  );
}

/** Null: while it is down, numbers may not be had; and they are not for everybody who may monitor. */
async function askStats(
  api: ApiClient,
  health: HealthAnswer,
  stop: AbortSignal,
): Promise<StatsAnswer | null> {
  try {
    return (await jsonOf(await api.request('/stats', { signal: stop }))) as StatsAnswer;
  } catch (error) {
    const { code = null } = error instanceof LedgerError ? error : {};
    if (code === 'access-denied' || (code === 'server-unavailable' && health.status === 'down')) return null;
    throw error;
  }
}

async function jsonOf(response: Response): Promise<unknown> {
  return await response.json().catch(() => null);
}
