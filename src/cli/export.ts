/** `event-ledger export`: the ledger, or the part that filters ask for, as JSONL with a manifest, or as CSV. */
import { open, rename, rm, stat } from 'node:fs/promises';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { LedgerError } from '../ledger/error.js';
import { connectToApi, unreachable } from './api-client.js';
import { EXIT, type ExitCode } from './exit.js';
import { note, unwritable } from './output.js';
import { collect, CREDENTIALS_HELP, parseParameters } from './parameters.js';
import { isStop, stopped, type Run } from './stopping.js';

interface ExportOptions {
  readonly url?: string;
  readonly user?: string;
  readonly output?: string;
  readonly format?: string;
  readonly columns: readonly string[];
  readonly filter: readonly string[];
}

export function addExport(program: Command, run: Run): void {
  program
    .command('export')
    .description('write entries, oldest first: as JSONL that ends in a manifest, or as CSV')
    .option('--url <url>', 'the API (LEDGER_URL; http://127.0.0.1:8080)')
    .option('--user <name>', 'whose password is given (LEDGER_USER; admin)')
    .option(
      '--format <format>',
      'jsonl (the default), which verify-export checks, or csv, for spreadsheets: no evidence',
    )
    .option(
      '--columns <names>',
      'the columns of CSV, such as index,type,payload.amount; may be repeated',
      collect,
      [],
    )
    .option('-o, --output <file>', 'the file to write; standard output without it')
    .option(
      '-f, --filter <name=value>',
      'a filter of the route /v1/export, such as source=billing or since=2026-01-01T00:00:00Z; may be repeated',
      collect,
      [],
    )
    .addHelpText('after', CREDENTIALS_HELP)
    .action((options: ExportOptions) => run((stop) => exportLedger(options, stop)));
}

async function exportLedger(options: ExportOptions, stop: AbortSignal): Promise<ExitCode> {
  const api = connectToApi(options);
  const query = queryOf(options);
  const request = async (): Promise<Readable> => {
    const response = await api.request('/v1/export', { query, signal: stop });
    if (response.body === null) throw new LedgerError('server-unavailable', `${api.url} sent no export`);
    return Readable.fromWeb(response.body);
  };
  const { output } = options;
  if (output === undefined) {
    await copy(await request(), process.stdout, { what: 'standard output', url: api.url, stop });
    return EXIT.done;
  }
  // opened first: who cannot write need not download
  const target = await openTarget(output);
  try {
    await copy(await request(), target.stream, { what: output, url: api.url, stop });
    await target.finish();
  } catch (error) {
    target.stream.destroy();
    await target.discard();
    if (isStop(error, stop)) return stopped(`${output} was not written`);
    throw error;
  }
  note(
    query.get('format') === 'csv'
      ? `${output} written. It is for spreadsheets and proves nothing; an export as JSONL does.`
      : `${output} written; check it with: event-ledger verify-export ${output}`,
  );
  return EXIT.done;
}

/** Columns are CSV's. */
function queryOf({ filter, columns, ...given }: ExportOptions): URLSearchParams {
  const format = given.format ?? (columns.length > 0 ? 'csv' : undefined);
  const query = parseParameters(filter);
  if (format !== undefined) query.set('format', format);
  for (const names of columns) query.append('columns', names);
  return query;
}

interface Target {
  readonly stream: Writable;
  /** gives it its name */
  finish(): Promise<void>;
  /** leaves nothing */
  discard(): Promise<void>;
}

/** @throws LedgerError `invalid-input` when nothing can be written there */
async function openTarget(output: string): Promise<Target> {
  try {
    const found = await stat(output).catch(() => null);
    if (found?.isDirectory() === true) throw new Error('it is a directory');
    // A pipe or a device is something to write into, which a file must not take the place of.
    if (found !== null && !found.isFile()) {
      const stream = (await open(output, 'w')).createWriteStream();
      return { stream, finish: () => Promise.resolve(), discard: () => Promise.resolve() };
    }
    // Under its final name stands only what arrived whole.
    const partial = `${output}.partial`;
    const stream = (await open(partial, 'w')).createWriteStream();
    return {
      stream,
      finish: () => rename(partial, output),
      discard: () => rm(partial, { force: true }),
    };
  } catch (error) {
    throw new LedgerError('invalid-input', `${output} cannot be written: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** @throws LedgerError `server-unavailable` when the download broke, `store-unavailable` when writing did */
async function copy(
  body: Readable,
  target: NodeJS.WritableStream,
  { what, url, stop }: { readonly what: string; readonly url: string; readonly stop: AbortSignal },
): Promise<void> {
  let broken: unknown = null;
  body.once('error', (error) => (broken = error));
  try {
    await pipeline(body, target, { end: target !== process.stdout, signal: stop });
  } catch (error) {
    if (isStop(error, stop)) throw error;
    if (broken !== null) throw unreachable(url, broken);
    // what befalls standard output is said once, for all commands (main.ts)
    if (target !== process.stdout) throw unwritable(what, error);
  }
}
