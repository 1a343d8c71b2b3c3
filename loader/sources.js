/**
 * Running our sources as they are, without a build that somebody has to think of: they are made into a few bundles, in
 * memory, when a process begins. Loaders that translate file by file, as tsx does, ask another thread about every module,
 * those of packages as well, which is half of a start.
 */
import { readdirSync } from 'node:fs';
import { register } from 'node:module';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { getEnvironmentData, isMainThread, MessageChannel, setEnvironmentData } from 'node:worker_threads';

/** Bundles stand at the top of src/, as the module does that says where the package is. */
const SOURCES = new URL('../src/', import.meta.url);

/** Under which a process keeps its bundles for its threads. */
const BUNDLES = 'event-ledger bundles';

/**
 * Imports a module of src/ and what it imports. Once a process, or a thread.
 * @param {string} path in src/
 */
export async function importSource(path) {
  const known = getEnvironmentData(BUNDLES);
  // esbuild is loaded before there are hooks, which let nothing through until the bundles are there
  const making = known ?? bundle(await import('esbuild'), isMainThread ? [path, ...threads()] : [path]);
  const { port1, port2 } = new MessageChannel();
  register('./hooks.js', import.meta.url, { data: { bundles: port2 }, transferList: [port2] });
  const bundles = await making;
  if (isMainThread) setEnvironmentData(BUNDLES, bundles);
  port1.postMessage(bundles);
  port1.close();
  process.setSourceMapsEnabled(true);
  await import(urlOf(path.replace(/\.ts$/, '.js')));
}

/** The modules that threads begin with (src/threads.ts). */
function threads() {
  const paths = readdirSync(SOURCES, { recursive: true }).map((path) => path.replaceAll('\\', '/'));
  return paths.filter((path) => path.endsWith('-thread.ts'));
}

/** @returns the bytes of each bundle, by its URL */
async function bundle(esbuild, paths) {
  const { outputFiles } = await buildInPeace(esbuild, {
    entryPoints: paths.map((path) => fileURLToPath(new URL(path, SOURCES))),
    outdir: fileURLToPath(SOURCES),
    entryNames: '[name]',
    ...{ bundle: true, splitting: true, packages: 'external', write: false },
    ...{ format: 'esm', platform: 'node', target: `node${process.versions.node}` },
    ...{ sourcemap: 'inline', sourcesContent: false, logLevel: 'silent' },
  });
  // it is a process, which need not stay
  void esbuild.stop();
  return new Map(outputFiles.map(({ path, contents }) => [urlOf(path), shared(contents)]));
}

/** In memory that threads share: none of them has a copy. */
function shared(bytes) {
  const place = new Uint8Array(new SharedArrayBuffer(bytes.length));
  place.set(bytes);
  return place;
}

/**
 * Ctrl-C on a terminal ends that process as it asks us to stop, which is ours to do: what was being made is made by
 * another one. It lives for a moment, and collecting its garbage would take a quarter of that and save 10 MB.
 */
async function buildInPeace({ build, stop }, options) {
  const { GOGC } = process.env;
  process.env.GOGC = 'off';
  try {
    return await build(options);
  } catch (error) {
    // the sources are at fault
    if (error.errors !== undefined) throw error;
    await stop();
    return await build(options);
  } finally {
    if (GOGC === undefined) delete process.env.GOGC;
    else process.env.GOGC = GOGC;
  }
}

function urlOf(file) {
  return new URL(basename(file), SOURCES).href;
}
