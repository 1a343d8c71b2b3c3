/** `event-ledger init`: secrets and certificates for an installation that starts for the first time. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { LedgerError } from '../ledger/error.js';
import { EXIT, type ExitCode } from './exit.js';
import { print } from './output.js';
import type { Run } from './stopping.js';

interface InitArguments {
  readonly eventstoreHost: string;
  readonly databaseHost: string;
}

export function addInit(program: Command, run: Run): void {
  program
    .command('init')
    .description(
      'write random secrets and a private authority, a folder for each service; what is there stays',
    )
    .argument('<directory>', 'where the folders are, by the path that the services know it by')
    .option('--eventstore-host <name>', 'where the services find EventStoreDB', 'eventstore')
    .option('--database-host <name>', 'where the services find PostgreSQL', 'postgres')
    .action((directory: string, options: InitArguments) => run(() => init(directory, options)));
}

async function init(directory: string, { eventstoreHost, databaseHost }: InitArguments): Promise<ExitCode> {
  const { writeSecrets } = await import('./init/secrets.js');
  const hosts = { eventStoreHost: eventstoreHost, databaseHost };
  try {
    const written = await writeSecrets({ directory: resolve(directory), ...hosts, now: new Date() });
    print(written.length === 0 ? 'nothing to do' : `wrote ${written.join(', ')}`);
    return EXIT.done;
  } catch (error) {
    if (typeof (error as NodeJS.ErrnoException).code !== 'string') throw error;
    throw new LedgerError('invalid-input', `${directory} cannot be written: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
