/** Ledgers that a test starts in a folder of its own: when it is over they are stopped, and the folder is gone. */
import { afterEach, beforeEach } from 'vitest';
import { startLedger, temporaryFolder, type LedgerProcess } from './ledger-process.js';

export interface OwnLedgers {
  /** the folder of the test that runs */
  readonly folder: string;
  /** `event-ledger start` on the folder's `data` */
  start(settings?: Readonly<Record<string, string>>): Promise<LedgerProcess>;
}

/** For each test of the file or block that calls it. */
export function ownLedgers(): OwnLedgers {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let running: LedgerProcess[];
  beforeEach(async () => {
    folder = await temporaryFolder();
    running = [];
  });
  afterEach(async () => {
    await Promise.all(running.map((ledger) => ledger.stop('SIGTERM')));
    await folder.remove();
  });
  return {
    get folder() {
      return folder.path;
    },
    async start(settings = {}) {
      const ledger = await startLedger({ LEDGER_DATA: `${folder.path}/data`, ...settings });
      running.push(ledger);
      return ledger;
    },
  };
}
