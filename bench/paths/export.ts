/** The export of a ledger as lines, as `event-ledger export` downloads it, to a client that only counts. */
import { request } from 'node:http';
import { PASSWORD, type LedgerProcess } from '../../test/support/ledger-process.js';
import { inTurn, type Benchmark } from '../benchmark.js';
import { runFloor } from '../support/floor-program.js';
import { percentile } from '../support/statistics.js';

const ENTRIES = 300_000;
const QUICK_ENTRIES = 30_000;
const WARM_UP = 10_000;

interface Transfer {
  readonly seconds: number;
  readonly bytes: number;
}

export const EXPORT: Benchmark = {
  name: 'export',
  async run(bench) {
    const entries = bench.quick ? QUICK_ENTRIES : ENTRIES;
    const ledger = await bench.ledgers.of(entries);
    const api = await ledger.start('api');
    const copy = (form: string): Promise<Transfer> =>
      runFloor<Transfer>('export', ledger.database.apiUrl, String(entries), form);
    const ours: Transfer[] = [];
    const text: Transfer[] = [];
    const binary: Transfer[] = [];
    try {
      await download(api, WARM_UP);
      const measured = await inTurn(bench.rounds, {
        subject: async () => mebibytesASecond(await download(api, entries), ours),
        floor: async () => {
          binary.push(await copy('binary'));
          return mebibytesASecond(await copy('text'), text);
        },
      });
      const details = {
        entriesASecond: entries / secondsOf(ours),
        entriesASecondOfTextCopy: entries / secondsOf(text),
        entriesASecondOfBinaryCopy: entries / secondsOf(binary),
        mebibytesASecondOfBinaryCopy: (binary[0]?.bytes ?? 0) / 2 ** 20 / secondsOf(binary),
      };
      return [{ path: 'export as lines', unit: 'MiB/s', ...measured, target: { atLeast: 0.6 }, details }];
    } finally {
      await api.stop();
    }
  },
};

function mebibytesASecond(transfer: Transfer, all: Transfer[]): number {
  all.push(transfer);
  return transfer.bytes / 2 ** 20 / transfer.seconds;
}

function secondsOf(transfers: readonly Transfer[]): number {
  return percentile(
    transfers.map(({ seconds }) => seconds),
    0.5,
  );
}

/** By node:http, whose client costs less than fetch. Ends with an error when the export broke off. */
async function download(api: LedgerProcess, toIndex: number): Promise<Transfer> {
  const began = performance.now();
  const bytes = await new Promise<number>((resolve, reject) => {
    const call = request(`${api.url}/v1/export?toIndex=${toIndex}`, { auth: `admin:${PASSWORD}` });
    call.once('error', reject).once('response', (response) => {
      let count = 0;
      response.on('data', (chunk: Buffer) => (count += chunk.length));
      response.once('error', reject).once('end', () => resolve(count));
    });
    call.end();
  });
  return { seconds: (performance.now() - began) / 1_000, bytes };
}
