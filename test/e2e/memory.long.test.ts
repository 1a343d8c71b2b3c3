import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  COMMAND,
  commandEnvironment,
  startLedger,
  temporaryFolder,
  type LedgerProcess,
} from '../support/ledger-process.js';

const MEGABYTE = 1024 * 1024;

describe('memory', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let ledger: LedgerProcess;

  beforeAll(async () => {
    folder = await temporaryFolder();
    ledger = await startLedger({ LEDGER_DATA: `${folder.path}/data` });
  });

  afterAll(async () => {
    await ledger.stop();
    await folder.remove();
  });

  /** Lines of about 1.3 KB; without ids, which is what costs an import memory. */
  async function writeLines(count: number, source: string): Promise<string> {
    const path = `${folder.path}/${source}.jsonl`;
    const file = await open(path, 'w');
    const filler = 'x'.repeat(1_200);
    for (let n = 0; n < count; n += 1_000) {
      const lines = Array.from(
        { length: 1_000 },
        (_, i) => `{"source":"${source}","type":"t","payload":{"n":${n + i},"filler":"${filler}"}}\n`,
      );
      await file.write(lines.join(''));
    }
    await file.close();
    return path;
  }

  /** Runs a command to its end; the largest resident sets of it and of the server meanwhile, in bytes. */
  async function peaksOf(args: readonly string[]): Promise<{ command: number; server: number }> {
    const child = spawn(process.execPath, [COMMAND, ...args], {
      env: commandEnvironment({ LEDGER_URL: ledger.url }),
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const peaks = { command: 0, server: 0 };
    const sampler = setInterval(() => {
      peaks.command = Math.max(peaks.command, residentBytes(child.pid));
      peaks.server = Math.max(peaks.server, residentBytes(ledger.pid));
    }, 100);
    const [code] = (await once(child, 'exit')) as [number];
    clearInterval(sampler);
    expect(code).toBe(0);
    return peaks;
  }

  it('an import of 50,000 lines takes within 20 MB of one of 5,000; so do exporting and checking them, and the server', async () => {
    const small = await peaksOf(['import', await writeLines(5_000, 'small')]);
    const large = await peaksOf(['import', await writeLines(50_000, 'large')]);
    expect((large.command - small.command) / MEGABYTE).toBeLessThan(20);

    const exported = `${folder.path}/export.jsonl`;
    const fewLines = await peaksOf(['export', '--filter', 'source=small', '--output', exported]);
    const manyLines = await peaksOf(['export', '--filter', 'source=large', '--output', exported]);
    expect((manyLines.command - fewLines.command) / MEGABYTE).toBeLessThan(20);

    // both in two threads, which files of less than 16 MiB are not worth
    const checkFew = await peaksOf(['verify-export', exported]);
    await peaksOf(['import', await writeLines(30_000, 'medium')]);
    await peaksOf(['export', '--output', exported]);
    const checkMany = await peaksOf(['verify-export', exported]);
    expect((checkMany.command - checkFew.command) / MEGABYTE).toBeLessThan(20);

    const columns = ['--columns', 'index,payload,payload.n'];
    const rows = ['export', '--format', 'csv', ...columns, '--filter', 'source=large', '--output', exported];
    const manyRows = await peaksOf(rows);
    expect((manyRows.command - fewLines.command) / MEGABYTE).toBeLessThan(20);

    // each heap of the server grows until it is as large as its work needs, some passes long; then nothing stays of what
    // goes through it: of 12 passes of 85 MB, less than 5 MB each
    const lines = ['export', '--filter', 'source=large', '--output', exported];
    const before = await peaksOf(lines);
    let again = before;
    for (let pass = 0; pass < 12; pass += 2) {
      await peaksOf(rows);
      again = await peaksOf(lines);
    }
    expect((again.server - before.server) / MEGABYTE).toBeLessThan(60);
  });
});

/** The peak so far where the system tells it, else what it is now; 0 once the process is gone. */
function residentBytes(pid: number | undefined): number {
  try {
    if (process.platform === 'linux') {
      const [, peak] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8')) ?? [];
      return Number(peak ?? 0) * 1024;
    }
    return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) * 1024;
  } catch {
    return 0;
  }
}
