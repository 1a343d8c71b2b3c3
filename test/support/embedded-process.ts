/**
 * A process that runs the embedded server of a data directory, for tests that kill it. It says one line of JSON when
 * the server is ready, or why it is not; SIGTERM stops it in order, SIGINT does nothing, `exit` on its standard
 * input makes it exit without stopping.
 */
import { LedgerError } from '../../src/ledger/error.js';
import { startEmbedded } from '../../src/postgres/server/embedded.js';
import { silent } from './embedded.js';

const [dataDirectory = '', umask] = process.argv.slice(2);
if (umask !== undefined) process.umask(Number(umask));
process.on('SIGINT', () => undefined);

function say(words: object): void {
  process.stdout.write(`${JSON.stringify(words)}\n`);
}

try {
  const server = await startEmbedded({ dataDirectory, logger: silent });
  process.on('SIGTERM', () => void server.stop().then(() => process.exit(0)));
  process.stdin.on('data', () => process.exit(0));
  say({ url: server.url('superuser') });
} catch (error) {
  say({ code: error instanceof LedgerError ? error.code : 'unknown', message: String(error) });
  process.exitCode = 3;
}
