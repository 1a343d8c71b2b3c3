/** The command line: which commands there are, and how they end. Each command is in the file of its name. */
import { Command, CommanderError } from 'commander';
import { addEventStore } from './eventstore.js';
import { addExport } from './export.js';
import { EXIT, explainFailure } from './exit.js';
import { addImport } from './import.js';
import { addInit } from './init.js';
import { addMigrate } from './migrate.js';
import { note } from './output.js';
import { addRebuild } from './rebuild.js';
import { addServe } from './serve.js';
import { isStop, stopOnSignals, type Action } from './stopping.js';
import { addVerifyExport } from './verify-export.js';
import { addVerify } from './verify.js';
import { version } from './version.js';

process.on('uncaughtException', (error) => fail(error));
process.on('unhandledRejection', (error) => fail(error));
// Whoever reads our results may stop reading: `event-ledger export | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.done);
  fail(error);
});

const program = new Command('event-ledger')
  .description('the audit log that an organisation can prove')
  .version(version())
  .exitOverride()
  .showHelpAfterError();

for (const add of [
  addServe,
  addImport,
  addVerify,
  addExport,
  addVerifyExport,
  addRebuild,
  addMigrate,
  addEventStore,
  addInit,
]) {
  add(program, run);
}

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = explainFailure(error).code;
}

/** Runs a command's action and turns its end into an exit code. */
async function run(action: Action): Promise<void> {
  const stop = stopOnSignals();
  try {
    process.exitCode = await action(stop);
  } catch (error) {
    if (isStop(error, stop)) {
      note('event-ledger: stopped before the end');
      process.exitCode = EXIT.done;
      return;
    }
    const { code, message } = explainFailure(error);
    if (message !== '') note(`event-ledger: ${message}`);
    process.exitCode = code;
  }
}

function fail(error: unknown): never {
  const { code, message } = explainFailure(error);
  note(`event-ledger: ${message}`);
  // An exception that nothing caught leaves us in an unknown state, whatever its class: never a finding.
  process.exit(code === EXIT.unavailable ? code : EXIT.bug);
}
