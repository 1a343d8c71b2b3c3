/** Threads that run a module of ours: in a checkout the source, in a package what was built of it. */
import { Worker } from 'node:worker_threads';

const FROM_SOURCES = import.meta.url.endsWith('.ts');

/** As bin/event-ledger.js does: threads do not inherit what was registered there (Node.js 20). */
const LOAD = `
  const { module, loader } = require('node:worker_threads').workerData;
  const ready = loader === null ? Promise.resolve() : import(loader).then(({ register }) => register());
  ready.then(() => import(module));
`;

/** @param name of a module in this folder, without extension */
export function startThread(name: string): Worker {
  const module = new URL(`./${name}.${FROM_SOURCES ? 'ts' : 'js'}`, import.meta.url).href;
  const loader = FROM_SOURCES ? import.meta.resolve('tsx/esm/api') : null;
  // what it makes is garbage soon: a large heap would only be filled with it
  const resourceLimits = { maxYoungGenerationSizeMb: 8 };
  return new Worker(LOAD, { eval: true, workerData: { module, loader }, resourceLimits });
}
