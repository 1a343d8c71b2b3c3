import { existsSync, readFileSync } from 'node:fs';
import { mkdir, open, readlink, symlink, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  eventually,
  runCommand,
  startLedger,
  temporaryFolder,
  type LedgerProcess,
} from '../support/ledger-process.js';
import { LOGS, type TestLog } from '../support/logs.js';

const CLOUDTRAIL = new URL('../../../shared/data/cloudtrail.jsonl', import.meta.url);

/** Real records where they are at hand, else as many made ones. */
function records(): string {
  if (existsSync(CLOUDTRAIL)) return readFileSync(CLOUDTRAIL, 'utf8');
  const record = (n: number): string =>
    JSON.stringify({
      id: `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`,
      source: `service-${n % 7}.example`,
      type: 'record.without.schema',
      timestamp: '2023-07-10T11:42:23Z',
      payload: { eventVersion: '1.08', eventSource: 's3.amazonaws.com', n },
    });
  return Array.from({ length: 1_900 }, (_, n) => `${record(n)}\n`).join('');
}

interface Stats {
  readonly events: number;
  readonly verdicts: { readonly accepted: number; readonly rejected: number; readonly duplicate: number };
}

interface Imported {
  readonly queued: number;
  readonly replayed: number;
  readonly refused: number;
  readonly refusals: readonly { readonly line: number; readonly status: number; readonly detail: string }[];
}

describe.each(LOGS)('event-ledger import, export and verify-export, with the log in $name', (kind) => {
  let log: TestLog;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let ledger: LedgerProcess;
  let settings: Record<string, string>;
  const lines = records();
  const count = lines.trimEnd().split('\n').length;
  let before: number;

  beforeAll(async () => {
    folder = await temporaryFolder();
    log = await kind.start();
    ledger = await startLedger({ LEDGER_DATA: `${folder.path}/data`, ...log.settings });
    settings = { LEDGER_URL: ledger.url, LEDGER_DATA: `${folder.path}/data` };
    await writeFile(`${folder.path}/records.jsonl`, lines);
    before = await settledSize();
  });

  afterAll(async () => {
    await ledger.stop();
    await Promise.all([folder.remove(), log.close()]);
  });

  /** The ledger's size once the projector has nothing left to do. */
  function settledSize(): Promise<number> {
    return eventually('the projector has caught up', async () => {
      const health = await ledger.json<{ lag: { seconds: number }; head: { size: number } }>('/health');
      return health.lag.seconds === 0 ? health.head.size : null;
    });
  }

  async function importText(text: string): Promise<{ code: number | null; result: Imported }> {
    const { code, stdout, stderr } = await runCommand(['import', '-', '--json'], settings, text);
    expect(stderr).toBe('');
    return { code, result: JSON.parse(stdout) as Imported };
  }

  it('every record becomes one accepted entry, and importing them again changes nothing', async () => {
    const first = await runCommand(['import', `${folder.path}/records.jsonl`, '--json'], settings);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(first.stdout)).toMatchObject({ queued: count, replayed: 0, refused: 0 });
    expect(await settledSize()).toBe(before + count);
    expect((await ledger.json<Stats>('/stats')).verdicts).toMatchObject({ rejected: 0, duplicate: 0 });

    const again = await runCommand(['import', `${folder.path}/records.jsonl`, '--json'], settings);
    expect(JSON.parse(again.stdout)).toMatchObject({ queued: 0, replayed: count, refused: 0 });
    expect(await settledSize()).toBe(before + count);
  });

  it('lines without an id are recorded once however often the file is sent, equal lines as often as they stand', async () => {
    const text =
      '{"source":"equal","type":"t","payload":1}\n'.repeat(3) + '{"source":"equal","type":"t","payload":2}';
    expect((await importText(text)).result).toMatchObject({ queued: 4, replayed: 0 });
    expect((await importText(text)).result).toMatchObject({ queued: 0, replayed: 4 });
  });

  it('an export into a device is written into it, and takes not its place', async () => {
    const device = `${folder.path}/device`;
    await symlink('/dev/null', device);
    expect(await runCommand(['export', '--output', device], settings)).toMatchObject({ code: 0 });
    expect(await readlink(device)).toBe('/dev/null');
  });

  it('an export as CSV has the columns that were asked for, and is said to prove nothing', async () => {
    await importText('{"source":"rows","type":"t","payload":{"amount":-12.5,"note":"=1+1"}}');
    await settledSize();
    const columns = ['--columns', 'source,payload.amount', '--columns', 'payload.note'];
    const args = ['export', '--format', 'csv', ...columns, '--filter', 'source=rows'];
    const rows = "\ufeffsource,payload.amount,payload.note\r\nrows,-12.5,'=1+1\r\n";
    expect(await runCommand(args, settings)).toMatchObject({ code: 0, stdout: rows });
    const file = `${folder.path}/rows.csv`;
    const written = await runCommand([...args, '--output', file], settings);
    expect([written.code, readFileSync(file, 'utf8')]).toEqual([0, rows]);
    expect(written.stderr).toContain('proves nothing');
    expect((await runCommand(['verify-export', file], {})).code).toBe(1);
    const unknown = await runCommand(['export', '--format', 'csv', '--columns', 'amount'], settings);
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('"amount" is no column')]);
  });

  it('what cannot be written is said before anything is downloaded, and exits 2', async () => {
    const directory = `${folder.path}/directory`;
    await mkdir(directory);
    for (const output of [directory, `${folder.path}/nowhere/export.jsonl`]) {
      const { code, stderr } = await runCommand(['export', '--output', output], settings);
      expect(code).toBe(2);
      expect(stderr).toContain(`${output} cannot be written`);
      expect(existsSync(`${output}.partial`)).toBe(false);
    }
  });

  it.runIf(existsSync('/dev/full'))('a full disk is said in one line, and exits 3', async () => {
    const full = await open('/dev/full', 'w');
    try {
      for (const args of [['verify'], ['export'], ['export', '--output', '/dev/full']]) {
        const { code, stderr } = await runCommand(args, settings, '', full.fd);
        expect(code, args.join(' ')).toBe(3);
        expect(stderr).toMatch(/^event-ledger: .* cannot be written: .*no space.*\n$/i);
      }
    } finally {
      await full.close();
    }
  });

  it('an import may be gzipped', async () => {
    const line = '{"source":"gzipped","type":"t","payload":1}\n';
    await writeFile(`${folder.path}/events.gz`, gzipSync(line));
    const { code, stdout } = await runCommand(['import', `${folder.path}/events.gz`, '--json'], settings);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ queued: 1, refused: 0 });
    const damaged = gzipSync(line.repeat(100)).subarray(0, -9);
    expect(await runCommand(['import', '-'], settings, damaged)).toMatchObject({ code: 2 });
  });

  it('a file of another form is said to be one, and nothing of it is sent', async () => {
    const event = { source: 'foreign', type: 't', payload: 1 };
    const json = JSON.stringify(event);
    const forms: Readonly<Record<string, string | Buffer>> = {
      'byte order mark': `\ufeff${json}`,
      'UTF-16': Buffer.from(`\ufeff${json}`, 'utf16le'),
      'zero bytes': Buffer.from(json, 'utf16le'),
      'JSON array': JSON.stringify([event], null, 2),
      'several lines': JSON.stringify(event, null, 2),
    };
    for (const [form, file] of Object.entries(forms)) {
      const { code, stdout, stderr } = await runCommand(['import', '-'], settings, file);
      expect({ code, stdout }, form).toEqual({ code: 2, stdout: '' });
      expect(stderr).toContain(form);
    }
    expect(await ledger.json('/v1/sources/foreign/events')).toMatchObject({ events: [] });
  });

  it('refused lines are listed by number, and the rest goes on', async () => {
    const { code, result } = await importText(
      [
        '{"source":"mixed","type":"t","payload":1}',
        '',
        'not JSON',
        '{"source":"mixed","type":"t","payload":2,"surprise":true}',
        '{"source":"_schemas","type":"t","payload":3}',
        '{"source":"mixed","type":"t","payload":4}',
      ].join('\r\n'),
    );
    expect(code).toBe(1);
    expect(result).toMatchObject({ queued: 2, refused: 3 });
    expect(result.refusals.map(({ line, status }) => [line, status])).toEqual([
      [3, 400],
      [4, 422],
      [5, 403],
    ]);
    expect(result.refusals[1]?.detail).toMatch(/^\/surprise [^;]*$/);
  });

  it('a server that is not there is said and exits 3, a wrong password exits 2, a missing file 2', async () => {
    const nowhere = { ...settings, LEDGER_URL: 'http://127.0.0.1:9' };
    const away = await runCommand(
      ['import', '-', '--patience', '0'],
      nowhere,
      '{"source":"a","type":"t","payload":1}',
    );
    expect(away.code).toBe(3);
    expect(away.stderr).toContain('http://127.0.0.1:9');
    const started = performance.now();
    expect((await runCommand(['import', '-', '--patience', '5'], nowhere, '{"a":1}')).code).toBe(3);
    expect(performance.now() - started).toBeGreaterThan(5_000);
    const wrong = await runCommand(['verify'], { ...settings, LEDGER_ADMIN_PASSWORD: 'wrong' });
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain('401');
    for (const file of [`${folder.path}/missing`, folder.path, '/proc/self/mem']) {
      const unreadable = await runCommand(['import', file], settings);
      expect(unreadable.code).toBe(2);
      expect(unreadable.stderr).toContain(`${file} cannot be read`);
    }
  });

  it('the whole ledger is exported, checked offline, and every kind of damage is found', async () => {
    await settledSize();
    expect(await runCommand(['verify'], settings)).toMatchObject({ code: 0 });
    const file = `${folder.path}/ledger.jsonl`;
    // noted before: that there is an export is an entry behind what it has
    const head = await ledger.json<{ size: number; hash: string }>('/v1/head');
    expect((await runCommand(['export', '--output', file], settings)).code).toBe(0);
    expect(await runCommand(['verify-export', file], {})).toMatchObject({ code: 0 });

    const packed = gzipSync(readFileSync(file));
    await writeFile(`${file}.gz`, packed);
    expect(await runCommand(['verify-export', `${file}.gz`], {})).toMatchObject({ code: 0 });
    expect(await runCommand(['verify-export', '-'], {}, packed)).toMatchObject({ code: 0 });

    const whole = readFileSync(file, 'utf8').trimEnd().split('\n');
    const noted = `${head.size}:${head.hash}`;
    expect(await runCommand(['verify-export', file, '--head', noted], {})).toMatchObject({ code: 0 });
    const other = `${head.size}:${'0'.repeat(64)}`;
    const mismatch = await runCommand(['verify-export', file, '--head', other], {});
    expect(mismatch.code).toBe(1);
    expect(mismatch.stdout).toContain('head-mismatch');

    const middle = Math.floor(whole.length / 2);
    const swap = (text: string[]): string[] => {
      const [a = '', b = ''] = text.splice(middle, 2);
      text.splice(middle, 0, b, a);
      return text;
    };
    const damages: Readonly<Record<string, (text: string[]) => string[]>> = {
      dropped: (text) => text.toSpliced(middle, 1),
      doubled: (text) => text.toSpliced(middle, 0, text[middle] ?? ''),
      reordered: swap,
      altered: (text) =>
        text.with(middle, (text[middle] ?? '').replace('"verdict":"accepted"', '"verdict":"rejected"')),
      'cut at the end': (text) => text.slice(0, -1),
      'cut in a line': (text) => text.with(-1, (text.at(-1) ?? '').slice(0, 20)),
    };
    for (const [damage, apply] of Object.entries(damages)) {
      await writeFile(`${folder.path}/damaged.jsonl`, apply([...whole]).join('\n') + '\n');
      const { code } = await runCommand(['verify-export', `${folder.path}/damaged.jsonl`], {});
      expect(code, damage).toBe(1);
    }
  });

  it('the export of one source and of a time range are checked offline too', async () => {
    const source =
      (await ledger.json<{ sources: { source: string }[] }>('/v1/sources')).sources[0]?.source ?? '';
    for (const filter of [`source=${source}`, 'since=2020-01-01T00:00:00Z', 'until=2020-01-01T00:00:00Z']) {
      const exported = await runCommand(['export', '--filter', filter], settings);
      expect(exported.code).toBe(0);
      await writeFile(`${folder.path}/part.jsonl`, exported.stdout);
      expect((await runCommand(['verify-export', `${folder.path}/part.jsonl`], {})).code, filter).toBe(0);
    }
  });
});
