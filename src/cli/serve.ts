/** `event-ledger start`, `api` and `projector`: the commands that run until they are stopped. */
import type { Command } from 'commander';
import type { ServingCommand } from './serving.js';
import type { Run } from './stopping.js';

const DESCRIPTIONS: Readonly<Record<ServingCommand, string>> = {
  start: 'run everything in one process, on an embedded PostgreSQL unless DATABASE_URL names another',
  api: 'run the API; requires DATABASE_URL',
  projector: 'run a projector, which waits while another one is active; requires DATABASE_URL',
};

export function addServe(program: Command, run: Run): void {
  for (const name of Object.keys(DESCRIPTIONS) as ServingCommand[]) {
    program
      .command(name)
      .description(DESCRIPTIONS[name])
      // loaded when it runs: the other commands need neither server nor database
      .action(() => run(async (stop) => (await import('./serving.js')).serve(name, stop)));
  }
}
