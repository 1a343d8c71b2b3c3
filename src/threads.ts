/** Threads that run a module of ours: in a checkout the source, in a package what was built of it. */
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { PACKAGE } from './package.js';

const LOADER = new URL('loader/sources.js', PACKAGE);

/** As bin/event-ledger.js does. */
const LOAD = `
  const { name, loader } = require('node:worker_threads').workerData;
  if (loader === null) import(name);
  else import(loader).then(({ importSource }) => importSource(name));
`;

/** What else a thread is given. */
interface ThreadOptions {
  /** its workerData has it by that name */
  readonly data?: unknown;
  /** in MiB, for what is not kept; as Node.js has it unless given */
  readonly youngMb?: number;
}

/** @param name of a module, as its place in src/ without extension */
export function startThread(name: string, { data, youngMb }: ThreadOptions): Worker {
  const module = existsSync(LOADER)
    ? { loader: LOADER.href, name: `${name}.ts` }
    : { loader: null, name: new URL(`dist/${name}.js`, PACKAGE).href };
  return new Worker(LOAD, {
    eval: true,
    workerData: { ...module, data },
    ...(youngMb === undefined ? {} : { resourceLimits: { maxYoungGenerationSizeMb: youngMb } }),
  });
}
