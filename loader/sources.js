/**
 * Running our sources as they are, without a build that somebody has to think of: they are made into a few bundles, in
 * memory, when a process begins. Loaders that translate file by file, as tsx does, ask another thread about every module,
 * those of packages as well, which is half of a start.
 */
import { register } from 'node:module';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, stop } from 'esbuild';

/** Bundles stand at the top of src/, as the module does that says where the package is. */
const SOURCES = new URL('../src/', import.meta.url);

/**
 * Imports a module of src/ and what it imports. Once a process, or a thread.
 * @param {string} path in src/
 */
export async function importSource(path) {
  const bundles = await bundle(path);
  register('./hooks.js', import.meta.url, { data: bundles });
  process.setSourceMapsEnabled(true);
  await import(urlOf(path.replace(/\.ts$/, '.js')));
}

/** @returns the text of each bundle, by its URL */
async function bundle(path) {
  const { outputFiles } = await buildInPeace({
    entryPoints: [fileURLToPath(new URL(path, SOURCES))],
    outdir: fileURLToPath(SOURCES),
    entryNames: '[name]',
    ...{ bundle: true, splitting: true, packages: 'external', write: false },
    ...{ format: 'esm', platform: 'node', target: `node${process.versions.node}` },
    ...{ sourcemap: 'inline', sourcesContent: false, logLevel: 'silent' },
  });
  // it is a process, which need not stay
  void stop();
  return new Map(outputFiles.map(({ path, text }) => [urlOf(path), text]));
}

/**
 * Ctrl-C on a terminal ends that process as it asks us to stop, which is ours to do: what was being made is made by
 * another one.
 */
async function buildInPeace(options) {
  try {
    return await build(options);
  } catch (error) {
    // the sources are at fault
    if (error.errors !== undefined) throw error;
    await stop();
    return build(options);
  }
}

function urlOf(file) {
  return new URL(basename(file), SOURCES).href;
}
