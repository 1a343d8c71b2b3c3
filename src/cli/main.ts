/** The command line: what all commands share, and how they end. */
import { Command, CommanderError } from 'commander';
import { addCommands } from './commands.js';
import { readEnvFile } from './env-file.js';
import { EXIT, explainFailure, type ExitCode } from './exit.js';
import { note, unwritable } from './output.js';
import { isStop, stopOnSignals, stopped, type Action } from './stopping.js';
import { version } from './version.js';

process.on('uncaughtException', (error) => fail(error));
process.on('unhandledRejection', (error) => fail(error));
let unwritten = false;
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // Whoever reads our results may stop reading: `event-ledger export | head`.
  if (error.code === 'EPIPE' || unwritten) return;
  unwritten = true;
  process.exitCode = EXIT.unavailable;
  note(`event-ledger: ${unwritable('standard output', error).message}`);
});

const program = new Command('event-ledger')
  .description('the audit log that an organisation can prove')
  .version(version())
  .option('--env-file <file>', 'settings as NAME=value lines; what the environment sets goes first')
  .exitOverride()
  .showHelpAfterError();

await addCommands(program, process.argv.slice(2), run);

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = explainFailure(error).code;
}

/** Runs a command's action and turns its end into an exit code. */
async function run(action: Action): Promise<void> {
  const code = await endOf(action);
  // A result that nobody got is none.
  process.exitCode = unwritten ? EXIT.unavailable : code;
}

async function endOf(action: Action): Promise<ExitCode> {
  const stop = stopOnSignals();
  try {
    const { envFile } = program.opts<{ envFile?: string }>();
    if (envFile !== undefined) readEnvFile(envFile, process.env);
    return await action(stop);
  } catch (error) {
    if (isStop(error, stop)) return stopped('before the end');
    const { code, message } = explainFailure(error);
    if (message !== '') note(`event-ledger: ${message}`);
    return code;
  }
}

function fail(error: unknown): never {
  const { code, message } = explainFailure(error);
  note(`event-ledger: ${message}`);
  // An exception that nothing caught leaves us in an unknown state, whatever its class: never a finding.
  process.exit(code === EXIT.unavailable ? code : EXIT.bug);
}
