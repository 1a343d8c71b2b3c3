/** Ledgers that several paths are measured on: each is filled once in a run, and only read. */
import { asSuperuser } from '../../test/support/database.js';
import { createBenchLedger, fillLog, project, type BenchLedger } from './ledger.js';
import type { RunSettings } from './run-settings.js';

export interface FinishedLedgers {
  /**
   * A ledger of so many entries, projected, its payload index caught up, and settled: vacuumed, and all of it on disk.
   * Whoever adds to it spoils the others' figures.
   * @param size of payloads, in bytes
   */
  of(entries: number, size?: number): Promise<FinishedLedger>;
  remove(): Promise<void>;
}

export interface FinishedLedger extends Pick<BenchLedger, 'database' | 'server' | 'start' | 'size'> {
  /** what memory the projector that filled it had at most, in MB */
  readonly peakOfProjector: number;
}

type MadeLedger = BenchLedger & FinishedLedger;

export function finishedLedgers(bench: () => RunSettings): FinishedLedgers {
  const made = new Map<string, Promise<MadeLedger>>();
  const make = async (entries: number, size?: number): Promise<MadeLedger> => {
    bench().note(`a ledger of ${entries.toLocaleString('en')} entries …`);
    const ledger = await createBenchLedger(bench());
    await fillLog(ledger.database, bench(), { to: entries, ...(size === undefined ? {} : { size }) });
    const peakOfProjector = await project(ledger, entries);
    await settle(ledger);
    return { ...ledger, peakOfProjector };
  };
  return {
    of(entries, size) {
      const key = `${entries} ${size ?? ''}`;
      const ledger = made.get(key) ?? make(entries, size);
      made.set(key, ledger);
      return ledger;
    },
    async remove() {
      for (const ledger of made.values()) await ledger.then((one) => one.remove()).catch(() => undefined);
      made.clear();
    },
  };
}

/** What autovacuum and the checkpointer would do in the midst of the measurements. */
async function settle({ database }: BenchLedger): Promise<void> {
  await asSuperuser(database, async (client) => {
    await client.query('VACUUM (ANALYZE)');
    await client.query('CHECKPOINT');
  });
}
