/** Runs in a thread of its own (see projector-beside.ts): projects until it is told to stop, and says how it goes. */
import { parentPort, workerData } from 'node:worker_threads';
import type { RunningProjector } from '../app.js';
import { LedgerError } from '../ledger/error.js';
import { makeLogger } from './logger.js';
import { STATUS_EVERY_MS, type FromProjector, type ProjectorData } from './projector-beside.js';

const { data } = workerData as { readonly data: ProjectorData };

function tell(message: FromProjector): void {
  parentPort?.postMessage(message);
}

/** The command may be stopped before the projector runs. */
const stop = new Promise<void>((resolve) => parentPort?.once('message', () => resolve()));

async function project(): Promise<void> {
  const logger = await makeLogger(data.logLevel, data.pretty);
  const { runProjector } = await import('../app.js');
  const projector = await runProjector(data.stores, logger, null);
  const telling = setInterval(() => tellStatus(projector), STATUS_EVERY_MS);
  tellStatus(projector);
  await stop;
  clearInterval(telling);
  await projector.close();
  tellStatus(projector);
}

function tellStatus(projector: RunningProjector): void {
  tell({ what: 'status', status: projector.status() });
}

try {
  await project();
  tell({ what: 'ended' });
} catch (error) {
  // what is no LedgerError is a bug, and ends the process as one
  if (!(error instanceof LedgerError)) throw error;
  tell({ what: 'failed', code: error.code, message: error.message });
}
