/** What a server prints, in a file of bounded size. */
import { constants } from 'node:fs';
import { copyFile, rename, rm, stat, truncate } from 'node:fs/promises';

const LOG_LIMIT = 10 * 1024 * 1024;
const WATCH_MS = 60_000;

/** Begin a new log file when the old one is large; the one before it is kept. Between two runs of the server. */
export async function rotateLog(path: string): Promise<void> {
  if (await isLarge(path)) await rename(path, `${path}.1`);
}

/**
 * The same while a server writes to it: the server keeps its open file, so its content moves instead. What is
 * written in between may be lost.
 */
async function trimLog(path: string): Promise<void> {
  if (!(await isLarge(path))) return;
  await rm(`${path}.1`, { force: true });
  await copyFile(path, `${path}.1`, constants.COPYFILE_EXCL);
  await truncate(path, 0);
}

/** Keep the log of a running server small. @returns what ends the watch */
export function watchLog(path: string): () => void {
  const timer = setInterval(() => void trimLog(path).catch(() => undefined), WATCH_MS);
  timer.unref();
  return () => clearInterval(timer);
}

async function isLarge(path: string): Promise<boolean> {
  const size = await stat(path).then(
    (file) => file.size,
    () => 0,
  );
  return size > LOG_LIMIT;
}
