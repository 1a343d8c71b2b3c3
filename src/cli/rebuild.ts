/** `event-ledger rebuild`: makes the ledger again from the log, beside the one there is, and compares the two. */
import type { Command } from 'commander';
import type { RebuildOptions } from './rebuilding.js';
import type { Run } from './stopping.js';

export function addRebuild(program: Command, run: Run): void {
  program
    .command('rebuild')
    .description('make a new ledger from the log and compare it with the old one (exit 1 when they differ)')
    .option('--swap', 'put the new one in the place of the old, which is kept under another name')
    .option('--json', 'print the result as JSON')
    .action((options: RebuildOptions) => run(async () => (await import('./rebuilding.js')).rebuild(options)));
}
