/** Setting up EventStoreDB's users and access lists, as the command line asks for it. */
import { setTimeout } from 'node:timers/promises';
import { readEventStoreAdminConfig } from '../config.js';
import { findOpenings, protect, type ProtectionOptions } from '../event-log/eventstoredb/protection.js';
import type { Opening } from '../event-log/eventstoredb/accounts.js';
import { LedgerError } from '../ledger/error.js';
import { EXIT, type ExitCode } from './exit.js';
import { print, shown } from './output.js';
import { patienceOf } from './patience.js';

export interface SetupArguments {
  readonly check?: boolean;
  readonly apiUser: string;
  readonly projectorUser: string;
  readonly apiReadsAll?: boolean;
  /** seconds */
  readonly patience: string;
  readonly json?: boolean;
}

interface Result {
  readonly changes: readonly string[];
  readonly findings: readonly Opening[];
}

/** @throws LedgerError `invalid-configuration`, and what `protect` throws */
export async function setUpEventStore(args: SetupArguments, stop: AbortSignal): Promise<ExitCode> {
  const patience = patienceOf(args.patience, 0);
  const config = readEventStoreAdminConfig(process.env);
  const options: ProtectionOptions = {
    adminUrl: config.adminUrl,
    api: { login: args.apiUser, password: config.apiPassword },
    projector: { login: args.projectorUser, password: config.projectorPassword },
    apiReadsAll: args.apiReadsAll === true || config.apiReadsAll,
  };
  const work = args.check === true ? check : setUp;
  const result = await patiently(() => work(options), patience.ms, stop);
  print(args.json === true ? JSON.stringify(result) : describe(result, args.check === true));
  const isDone = args.check === true ? result.findings.length === 0 : !isUnprotected(result);
  return isDone ? EXIT.done : EXIT.findings;
}

const PAUSE_MS = 1_000;

/** Again and again while the server is not there, or does not know its administrator, as in its first moments. */
async function patiently<Value>(
  work: () => Promise<Value>,
  patienceMs: number,
  stop: AbortSignal,
): Promise<Value> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const mayPass = error instanceof LedgerError && (error.retryable || error.code === 'access-denied');
      if (!mayPass || performance.now() >= deadline) throw error;
      await setTimeout(PAUSE_MS, undefined, { signal: stop });
    }
  }
}

async function check(options: ProtectionOptions): Promise<Result> {
  return { changes: [], findings: await findOpenings(options) };
}

/** What is left open after it (default passwords, streams' own lists) is for an operator to look at. */
async function setUp(options: ProtectionOptions): Promise<Result> {
  const done = await protect(options);
  return 'code' in done
    ? { changes: [], findings: [done] }
    : { changes: done, findings: await findOpenings(options) };
}

function isUnprotected({ findings }: Result): boolean {
  return findings.some(({ code }) => code === 'insecure');
}

function describe(result: Result, checking: boolean): string {
  const { changes, findings } = result;
  const openings = findings.map(({ code, detail }) => `  ${code}  ${detail}`);
  if (checking) {
    return listed([findings.length === 0 ? 'nothing is more open than it should be' : 'found:', ...openings]);
  }
  if (isUnprotected(result)) return listed(['NOTHING WAS DONE:', ...openings]);
  const done = changes.length === 0 ? ['nothing to do'] : changes;
  return listed([...done, ...(openings.length === 0 ? [] : ['still to be looked at:', ...openings])]);
}

/** Names in it come from the server. */
function listed(lines: readonly string[]): string {
  return lines.map(shown).join('\n');
}
