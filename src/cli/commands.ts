/** Which commands there are. Each is in the file of its name, and loaded when it is asked for. */
import type { Command } from 'commander';
import type { Run } from './stopping.js';

type Add = (program: Command, run: Run) => void;
type Load = () => Promise<Add>;

const serve: Load = async () => (await import('./serve.js')).addServe;

/** In the order in which help names them. */
const COMMANDS: ReadonlyMap<string, Load> = new Map([
  ['start', serve],
  ['api', serve],
  ['projector', serve],
  ['import', async () => (await import('./import.js')).addImport],
  ['verify', async () => (await import('./verify.js')).addVerify],
  ['export', async () => (await import('./export.js')).addExport],
  ['status', async () => (await import('./status.js')).addStatus],
  ['tail', async () => (await import('./tail.js')).addTail],
  ['verify-export', async () => (await import('./verify-export.js')).addVerifyExport],
  ['rebuild', async () => (await import('./rebuild.js')).addRebuild],
  ['migrate', async () => (await import('./migrate.js')).addMigrate],
  ['credential', async () => (await import('./credential.js')).addCredential],
  ['eventstore', async () => (await import('./eventstore.js')).addEventStore],
  ['init', async () => (await import('./init.js')).addInit],
] satisfies readonly (readonly [string, Load])[]);

/**
 * Adds the command that is asked for; all of them when it is not the first argument, as where help is asked for. What the
 * other commands load is a good part of what a start takes.
 */
export async function addCommands(program: Command, args: readonly string[], run: Run): Promise<void> {
  const named = COMMANDS.get(args[0] ?? '');
  const loads = named === undefined ? new Set(COMMANDS.values()) : [named];
  for (const load of loads) (await load())(program, run);
}
