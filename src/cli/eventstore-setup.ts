/** Setting up EventStoreDB's users and access lists, as the command line asks for it. */
import { readEventStoreAdminConfig } from '../config.js';
import { findOpenings, protect, type ProtectionOptions } from '../event-log/eventstoredb/protection.js';
import type { Opening } from '../event-log/eventstoredb/accounts.js';
import { EXIT, type ExitCode } from './exit.js';
import { print, shown } from './output.js';

export interface SetupArguments {
  readonly check?: boolean;
  readonly apiUser: string;
  readonly projectorUser: string;
  readonly apiReadsAll?: boolean;
  readonly json?: boolean;
}

interface Result {
  readonly changes: readonly string[];
  readonly findings: readonly Opening[];
}

/** @throws LedgerError `invalid-configuration`, and what `protect` throws */
export async function setUpEventStore(args: SetupArguments): Promise<ExitCode> {
  const config = readEventStoreAdminConfig(process.env);
  const options: ProtectionOptions = {
    adminUrl: config.adminUrl,
    api: { login: args.apiUser, password: config.apiPassword },
    projector: { login: args.projectorUser, password: config.projectorPassword },
    apiReadsAll: args.apiReadsAll === true,
  };
  const result = args.check === true ? await check(options) : await setUp(options);
  print(args.json === true ? JSON.stringify(result) : describe(result, args.check === true));
  const isDone = args.check === true ? result.findings.length === 0 : !isUnprotected(result);
  return isDone ? EXIT.done : EXIT.findings;
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
