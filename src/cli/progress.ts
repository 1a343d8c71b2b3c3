/** A progress bar on a terminal, nothing elsewhere: logs and pipes stay readable. */
import { SingleBar } from 'cli-progress';

export interface Progress {
  /** @param total null while unknown */
  update(done: number, total: number | null): void;
  stop(): void;
}

const SILENT: Progress = { update: () => undefined, stop: () => undefined };

/** @param noun what is counted, e.g. "entries" */
export function showProgress(noun: string, options: { readonly quiet: boolean }): Progress {
  if (options.quiet || !process.stderr.isTTY) return SILENT;
  const bar = new SingleBar({
    format: `{bar} {percentage}% | {value}/{total} ${noun} | {duration_formatted}`,
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
    gracefulExit: false,
  });
  // However the process ends, the terminal gets its cursor and its line ends back.
  const stop = (): void => {
    process.removeListener('exit', stop);
    bar.stop();
  };
  let started = false;
  return {
    update(done, total) {
      const end = Math.max(total ?? done, 1);
      if (started) bar.setTotal(end);
      else {
        process.once('exit', stop);
        bar.start(end, done);
      }
      started = true;
      bar.update(done);
    },
    stop: () => {
      if (started) stop();
    },
  };
}
