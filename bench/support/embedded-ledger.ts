/** `event-ledger start` in a folder of its own: what users start first, PostgreSQL and all. */
import { startLedger, type LedgerProcess } from '../../test/support/ledger-process.js';
import { temporaryData } from '../../test/support/data-directory.js';
import type { Bench } from '../benchmark.js';

export interface EmbeddedLedger {
  readonly process: LedgerProcess;
  /** the end of it, data and all */
  remove(): Promise<void>;
}

export async function startEmbedded(bench: Bench): Promise<EmbeddedLedger> {
  const data = await temporaryData();
  const log = bench.eventStoreUrl === null ? {} : { EVENTSTORE_URL: bench.eventStoreUrl };
  try {
    const started = await startLedger({ LEDGER_DATA: data.path, ...log });
    return {
      process: started,
      async remove() {
        await started.stop();
        await data.remove();
      },
    };
  } catch (error) {
    await data.remove();
    throw error;
  }
}
