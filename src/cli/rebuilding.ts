/** Making the ledger again from the log, beside the one there is, and comparing the two. */
import { openEventLog } from '../app.js';
import { readConfig } from '../config.js';
import type { EventLog } from '../event-log/port.js';
import { LedgerError } from '../ledger/error.js';
import type { Head } from '../ledger/types.js';
import { startProjector } from '../projector/projector.js';
import type { LedgerReader } from '../read-model/port.js';
import { openReader } from '../read-model/reader.js';
import { createRebuild, dropRebuild, REBUILD, swapRebuild } from '../read-model/rebuild.js';
import { openWriter } from '../read-model/writer.js';
import { attachToStores, requireAdminUrl } from '../stores.js';
import { compareLedgers, type Comparison } from './comparison.js';
import { EXIT, type ExitCode } from './exit.js';
import { makeLogger } from './logger.js';
import { print } from './output.js';
import { showProgress } from './progress.js';
import { isStop, stopped } from './stopping.js';

export interface RebuildOptions {
  readonly swap?: boolean;
  readonly json?: boolean;
}

interface Result extends Comparison {
  /** the old ledger is what the log gives */
  readonly same: boolean;
  readonly old: Head;
  readonly rebuilt: Head;
  /** entries at the old ledger's end that the log has no events for */
  readonly surplus: number;
  /** events at the log's end that the old ledger has no entries for */
  readonly lacking: number;
  /** the schema that the old ledger is kept in, null when nothing was swapped */
  readonly oldKeptAs: string | null;
}

/**
 * Stopped or failed, it leaves the old ledger as it was, and nothing beside it.
 * @throws LedgerError of either store
 */
export async function rebuild(options: RebuildOptions, stop: AbortSignal): Promise<ExitCode> {
  try {
    return await rebuildLedger(options, stop);
  } catch (error) {
    if (isStop(error, stop)) return stopped('nothing was compared, and the ledger is as it was');
    throw error;
  }
}

async function rebuildLedger(options: RebuildOptions, stop: AbortSignal): Promise<ExitCode> {
  const config = readConfig(process.env);
  const quiet = options.json === true;
  const logger = await makeLogger(quiet ? 'silent' : config.logLevel);
  const stores = await attachToStores(config, logger, stop).catch((error: unknown) => {
    // whatever a start trips over that was given up
    stop.throwIfAborted();
    throw error;
  });
  try {
    const adminUrl = requireAdminUrl(stores);
    const log = await openEventLog(stores, 'command');
    await createRebuild(adminUrl);
    const old = openReader({ url: stores.projectorUrl });
    const rebuilt = openReader({ url: adminUrl, schema: REBUILD });
    try {
      const before = await old.head();
      await projectAll(adminUrl, { log, rebuilt, atLeast: before.size, quiet, stop });
      const result = await compare({ before, old, rebuilt, quiet, stop });
      stop.throwIfAborted();
      const oldKeptAs = options.swap === true ? await swapRebuild(adminUrl, result, new Date()) : null;
      const report: Result = { ...result, oldKeptAs };
      print(quiet ? JSON.stringify(report) : describe(report));
      return report.same ? EXIT.done : EXIT.findings;
    } finally {
      await Promise.all([old.close(), rebuilt.close(), log.close()]);
      await dropRebuild(adminUrl);
    }
  } finally {
    await stores.close();
  }
}

interface Projecting {
  readonly log: EventLog;
  readonly rebuilt: LedgerReader;
  /** entries that the old ledger has: only for the progress */
  readonly atLeast: number;
  readonly quiet: boolean;
  readonly stop: AbortSignal;
}

/** Projects what the log has now. */
async function projectAll(url: string, { log, rebuilt, atLeast, quiet, stop }: Projecting): Promise<void> {
  const end = await log.newest();
  if (end === null) return;
  const logger = await makeLogger(quiet ? 'silent' : 'warn');
  const writer = openWriter({ url, schema: REBUILD, logger });
  const projector = startProjector({ log, writer, logger });
  const progress = showProgress('entries', { quiet });
  try {
    for (;;) {
      stop.throwIfAborted();
      const { size, position } = await rebuilt.head();
      progress.update(size, Math.max(size, atLeast));
      if (position !== null && log.comparePositions(position, end) >= 0) return;
      const { state, detail } = projector.status();
      if (state === 'diverged')
        throw new LedgerError('log-diverged', detail ?? 'the log changed while it was read');
      await rebuilt.headMoved(500, stop);
    }
  } finally {
    progress.stop();
    await projector.stop();
    await writer.close();
  }
}

/** What the log had when it was read must be in both, and nothing that the old ledger had before may be in it alone. */
async function compare(sides: {
  readonly before: Head;
  readonly old: LedgerReader;
  readonly rebuilt: LedgerReader;
  readonly quiet: boolean;
  readonly stop: AbortSignal;
}): Promise<Omit<Result, 'oldKeptAs'>> {
  const [kept, rebuilt] = await Promise.all([sides.old.snapshot(), sides.rebuilt.snapshot()]);
  // A ledger that a projector goes on filling has more by now than was read of the log.
  const size = Math.min(kept.head.size, rebuilt.head.size);
  const progress = showProgress('entries compared', { quiet: sides.quiet });
  const comparison = await compareLedgers(kept, rebuilt, size, (done) => {
    sides.stop.throwIfAborted();
    progress.update(done, size);
  }).finally(() => progress.stop());
  const surplus = Math.max(0, sides.before.size - rebuilt.head.size);
  const lacking = Math.max(0, rebuilt.head.size - kept.head.size);
  const sameHead = kept.head.size !== rebuilt.head.size || kept.head.hash === rebuilt.head.hash;
  const same = comparison.differencesTotal + surplus + lacking === 0 && sameHead;
  return { ...comparison, same, old: kept.head, rebuilt: rebuilt.head, surplus, lacking };
}

function describe(result: Result): string {
  const { same, old, rebuilt, compared, differences, differencesTotal, surplus, lacking, oldKeptAs } = result;
  return [
    same
      ? `the same: ${compared} entries rebuilt from the log are those of the ledger`
      : `DIFFERENT: ${differencesTotal} of ${compared} entries differ`,
    `old head: ${old.size}:${old.hash}`,
    `new head: ${rebuilt.size}:${rebuilt.hash}`,
    ...differences.map(
      ({ index, id, source, detail }) =>
        `  index ${index}  event ${id ?? '?'}  source ${JSON.stringify(source)}  ${detail}`,
    ),
    ...(surplus > 0 ? [`  the ledger ends with ${surplus} entries that the log has no events for`] : []),
    ...(lacking > 0
      ? [`  the ledger lacks the last ${lacking} events of the log; is its projector running?`]
      : []),
    ...(differencesTotal > differences.length ? ['… (only the first are listed)'] : []),
    ...(oldKeptAs === null
      ? []
      : [`the new ledger is in place; the old one is kept as the schema ${oldKeptAs}`]),
  ].join('\n');
}
