/** `event-ledger eventstore`: administration of the server that keeps the event log. */
import type { Command } from 'commander';
import type { SetupArguments } from './eventstore-setup.js';
import type { Run } from './stopping.js';

export function addEventStore(program: Command, run: Run): void {
  program
    .command('eventstore')
    .description('administration of EventStoreDB, where the event log is kept there')
    .command('setup')
    .description(
      'make the users and default access lists that production needs, as EVENTSTORE_ADMIN_URL; safe to repeat',
    )
    .option(
      '--check',
      'change nothing, and report what is more open than it should be (exit 1 when something is)',
    )
    .option('--api-user <login>', 'whom API processes log in as (EVENTSTORE_API_PASSWORD)', 'ledger-api')
    .option(
      '--projector-user <login>',
      'whom projectors log in as (EVENTSTORE_PROJECTOR_PASSWORD); may be the same',
      'ledger-projector',
    )
    .option(
      '--api-reads-all',
      "let API processes read the whole log, too, users' password hashes included (EVENTSTORE_API_READS_ALL)",
    )
    .option(
      '--patience <seconds>',
      'how long to wait for a server that is not there yet, or does not know its users',
      '0',
    )
    .option('--json', 'print the result as JSON')
    .action((options: SetupArguments) =>
      run(async (stop) => (await import('./eventstore-setup.js')).setUpEventStore(options, stop)),
    );
}
