/** `event-ledger verify-export`: checks an export offline, with nothing but the file. */
import { createReadStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Command } from 'commander';
import { LedgerError } from '../ledger/error.js';
import { ExportChecker, type ExportReport } from '../ledger/export-check.js';
import { parseNotedHead } from '../ledger/manifest.js';
import type { Head } from '../ledger/types.js';
import { EXIT, type ExitCode } from './exit.js';
import { print, shown } from './output.js';
import { showProgress } from './progress.js';
import type { Run } from './stopping.js';
import { describeFinding } from './verify.js';

interface VerifyExportOptions {
  readonly head?: string;
  readonly json?: boolean;
}

export function addVerifyExport(program: Command, run: Run): void {
  program
    .command('verify-export')
    .description(
      'check an export offline: needs neither server nor database (exit 1 when something is wrong)',
    )
    .argument('<file>', 'the export, plain or gzipped; - for standard input')
    .option('--head <size:hash>', 'a head of the ledger that was noted elsewhere')
    .option('--json', 'print the report as JSON')
    .action((file: string, options: VerifyExportOptions) => run(() => verifyExport(file, options)));
}

async function verifyExport(file: string, options: VerifyExportOptions): Promise<ExitCode> {
  const checker = new ExportChecker(options.head === undefined ? {} : { head: requireHead(options.head) });
  const damage = await feed(checker, file, options.json === true);
  const report = checker.end();
  const intact = report.intact && damage === null;
  if (options.json === true)
    print(JSON.stringify({ ...report, intact, ...(damage === null ? {} : { damage }) }));
  else print(describeReport(report, damage));
  return intact ? EXIT.done : EXIT.findings;
}

function requireHead(text: string): Head {
  const head = parseNotedHead(text);
  if (head !== null) return head;
  throw new LedgerError('invalid-input', `--head ${text}: must be SIZE:HASH, the hash in 64 hex digits`);
}

const READ_AHEAD_BYTES = 64 * 1024;

/** @returns what kept the file from being read to its end, null when nothing did */
async function feed(checker: ExportChecker, file: string, quiet: boolean): Promise<string | null> {
  const { bytes, size } = await openExport(file);
  const progress = showProgress('bytes', { quiet: quiet || size === null });
  let read = 0;
  bytes.raw.on('data', (chunk: Buffer) => {
    read += chunk.length;
  });
  try {
    for await (const chunk of bytes.plain as AsyncIterable<Buffer>) {
      checker.write(chunk);
      progress.update(read, size);
    }
    return null;
  } catch (error) {
    return (error as Error).message;
  } finally {
    progress.stop();
  }
}

interface Bytes {
  readonly raw: Readable;
  /** uncompressed */
  readonly plain: Readable;
}

/** @throws LedgerError `invalid-input` when the file cannot be opened */
async function openExport(file: string): Promise<{ readonly bytes: Bytes; readonly size: number | null }> {
  if (file === '-') return { bytes: { raw: process.stdin, plain: process.stdin }, size: null };
  try {
    const handle = await open(file);
    const status = await handle.stat();
    if (status.isDirectory()) throw new Error('it is a directory');
    const gzipped = await isGzipped(handle);
    const raw = createReadStream('', { fd: handle, start: 0, highWaterMark: READ_AHEAD_BYTES });
    return {
      bytes: { raw, plain: gzipped ? unzipped(raw) : raw },
      size: status.isFile() ? status.size : null,
    };
  } catch (error) {
    throw new LedgerError('invalid-input', `${file} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function unzipped(raw: Readable): Readable {
  const plain = createGunzip();
  raw.on('error', (error) => plain.destroy(error));
  return raw.pipe(plain);
}

const GZIP_MAGIC = Buffer.of(0x1f, 0x8b);

async function isGzipped(handle: FileHandle): Promise<boolean> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(GZIP_MAGIC.length), 0, GZIP_MAGIC.length, 0);
  return bytesRead === GZIP_MAGIC.length && buffer.equals(GZIP_MAGIC);
}

/** What a person is told; nothing in it can speak to the terminal. */
export function describeReport(report: ExportReport, damage: string | null): string {
  const { count, unread, manifest, findings, findingsTotal } = report;
  const intact = report.intact && damage === null;
  const verdict = intact ? 'intact' : `NOT INTACT: ${findingsTotal} finding${findingsTotal === 1 ? '' : 's'}`;
  return [
    `${verdict}: ${count} entr${count === 1 ? 'y' : 'ies'}${describeScope(report)}`,
    ...(manifest === null
      ? []
      : [`head of the ledger at the export: ${manifest.head.size}:${manifest.head.hash}`]),
    ...(unread === 0 ? [] : [`${unread} entries withhold their content: only their headers were checked`]),
    ...(damage === null ? [] : [`the file cannot be read to its end: ${damage}`]),
    ...findings.map(describeFinding),
    ...(findingsTotal > findings.length ? ['… (only the first are listed)'] : []),
    describeHead(report),
  ].join('\n');
}

function describeScope({ manifest }: ExportReport): string {
  if (manifest === null) return '';
  const filters = Object.entries(manifest.filters).flatMap(([name, values]) =>
    values.map((value) => `${name}=${value}`),
  );
  const range = `indexes ${manifest.fromIndex} to ${manifest.toIndex}, exclusive`;
  return shown(
    ` of ${manifest.ledger}, ${range}${filters.length === 0 ? '' : `, where ${filters.join(', ')}`}`,
  );
}

function describeHead({ head }: ExportReport): string {
  if (head === null) {
    return 'held to no head: this shows accidents; against intent, note the head elsewhere and give it with --head';
  }
  const noted = `${head.size}:${head.hash}`;
  return head.comparedWith === null
    ? `the noted head ${noted} could not be compared`
    : `held to the noted head ${noted} (compared with the ${head.comparedWith})`;
}
