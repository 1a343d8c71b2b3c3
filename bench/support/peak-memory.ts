/** What memory a process has had at most. */
import { readFile } from 'node:fs/promises';

/** The most that was resident at once since the process began, in MB (10^6 bytes), as Linux counts it; NaN elsewhere. */
export async function peakMemory(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  return (Number(kibibytes ?? NaN) * 1_024) / 1e6;
}
