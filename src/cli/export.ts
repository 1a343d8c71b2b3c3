/** `event-ledger export`: the ledger, or the part that filters ask for, as JSONL with a manifest. */
import { createWriteStream } from 'node:fs';
import { rename, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { LedgerError } from '../ledger/error.js';
import { connectToApi, unreachable } from './api-client.js';
import { EXIT, type ExitCode } from './exit.js';
import { note } from './output.js';
import { collect, parseParameters } from './parameters.js';
import type { Run } from './stopping.js';

interface ExportOptions {
  readonly url?: string;
  readonly user?: string;
  readonly output?: string;
  readonly filter: readonly string[];
}

export function addExport(program: Command, run: Run): void {
  program
    .command('export')
    .description('write entries as JSONL, oldest first, ending in a manifest that verify-export checks')
    .option('--url <url>', 'the API (LEDGER_URL)')
    .option('--user <name>', 'the credential (LEDGER_USER)')
    .option('-o, --output <file>', 'the file to write; standard output without it')
    .option(
      '-f, --filter <name=value>',
      'a filter of the route /v1/export, such as source=billing or since=2026-01-01T00:00:00Z; may be repeated',
      collect,
      [],
    )
    .action((options: ExportOptions) => run(() => exportLedger(options)));
}

async function exportLedger(options: ExportOptions): Promise<ExitCode> {
  const api = connectToApi(options);
  const response = await api.request('/v1/export', { query: parseParameters(options.filter) });
  if (response.body === null) throw new LedgerError('server-unavailable', `${api.url} sent no export`);
  const body = Readable.fromWeb(response.body);
  if (options.output === undefined) {
    await copy(body, process.stdout, api.url);
    return EXIT.done;
  }
  if (await isDevice(options.output)) {
    await copy(body, createWriteStream(options.output), api.url);
  } else {
    // Under its final name stands only what arrived whole.
    const partial = `${options.output}.partial`;
    await copy(body, createWriteStream(partial), api.url);
    await rename(partial, options.output);
  }
  note(`${options.output} written; check it with: event-ledger verify-export ${options.output}`);
  return EXIT.done;
}

/** A pipe or a device: something to write into, which a file must not take the place of. */
async function isDevice(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  return found !== null && !found.isFile() && !found.isDirectory();
}

async function copy(body: Readable, target: NodeJS.WritableStream, url: string): Promise<void> {
  let broken: unknown = null;
  body.once('error', (error) => (broken = error));
  try {
    await pipeline(body, target, { end: target !== process.stdout });
  } catch (error) {
    if (broken !== null) throw unreachable(url, error);
    throw new LedgerError('invalid-input', `the export cannot be written: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
