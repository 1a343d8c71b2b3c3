/** Threads that run a module of ours: in a checkout the source, in a package what was built of it. */
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { PACKAGE } from '../package.js';

const LOADER = new URL('loader/sources.js', PACKAGE);

/** As bin/event-ledger.js does. */
const LOAD = `
  const { name, loader } = require('node:worker_threads').workerData;
  if (loader === null) import(name);
  else import(loader).then(({ importSource }) => importSource(name));
`;

/** @param name of a module in this folder, without extension */
export function startThread(name: string): Worker {
  const workerData = existsSync(LOADER)
    ? { loader: LOADER.href, name: `cli/${name}.ts` }
    : { loader: null, name: new URL(`dist/cli/${name}.js`, PACKAGE).href };
  // what it makes is garbage soon: a large heap would only be filled with it
  const resourceLimits = { maxYoungGenerationSizeMb: 8 };
  return new Worker(LOAD, { eval: true, workerData, resourceLimits });
}
