/** Full verification of a ledger, as `event-ledger verify` asks for it. */
import type { VerificationReport } from '../../src/ledger/finding.js';
import type { LedgerProcess } from '../../test/support/ledger-process.js';
import { inTurn, type Benchmark } from '../benchmark.js';
import { runFloor } from '../support/floor-program.js';

const ENTRIES = 300_000;
const QUICK_ENTRIES = 30_000;
const WARM_UP = 10_000;

export const VERIFICATION: Benchmark = {
  name: 'verification',
  async run(bench) {
    const entries = bench.quick ? QUICK_ENTRIES : ENTRIES;
    const ledger = await bench.ledgers.of(entries);
    const api = await ledger.start('api');
    try {
      await verify(api, WARM_UP);
      const measured = await inTurn(bench.rounds, {
        subject: async () => entries / (await verify(api, entries)),
        floor: async () => {
          const { seconds } = await runFloor<{ seconds: number }>(
            ...(['verification', ledger.database.apiUrl, String(entries)] as const),
          );
          return entries / seconds;
        },
      });
      return [{ path: 'full verification', unit: 'entries/s', ...measured, target: { atLeast: 0.7 } }];
    } finally {
      await api.stop();
    }
  },
};

/** Entries below `to`, all of them when that is the ledger's size. @returns seconds until the report was there */
async function verify(api: LedgerProcess, to: number): Promise<number> {
  const began = performance.now();
  const response = await api.request(`/v1/verify?mode=full&toIndex=${to}`, {
    headers: { accept: 'application/x-ndjson' },
  });
  const lines = (await response.text()).trim().split('\n');
  const seconds = (performance.now() - began) / 1_000;
  const report = JSON.parse(lines.at(-1) ?? '') as VerificationReport;
  if (!report.intact || report.checked !== to)
    throw new Error(`not verified: ${lines.at(-1)?.slice(0, 500)}`);
  return seconds;
}
