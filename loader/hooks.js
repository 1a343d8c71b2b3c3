/** Module hooks that serve modules out of memory. They run in a thread of their own (see sources.js). */
import { Buffer } from 'node:buffer';

/** bytes by URL, as soon as they are made */
let modules;

export function initialize({ bundles }) {
  modules ??= new Promise((resolve) => bundles.once('message', resolve));
}

export async function resolve(specifier, context, next) {
  const { href } = new URL(specifier, context.parentURL);
  return (await modules).has(href)
    ? { url: href, format: 'module', shortCircuit: true }
    : next(specifier, context);
}

export async function load(url, context, next) {
  const shared = (await modules).get(url);
  if (shared === undefined) return next(url, context);
  return { format: 'module', source: Buffer.from(shared), shortCircuit: true };
}
