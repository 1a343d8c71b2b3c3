/** Module hooks that serve modules out of memory. They run in a thread of their own (see sources.js). */

/** text by URL, as soon as they are made */
let modules;

export function initialize({ bundles }) {
  modules = new Promise((resolve) => bundles.once('message', resolve));
}

export async function resolve(specifier, context, next) {
  const { href } = new URL(specifier, context.parentURL);
  return (await modules).has(href)
    ? { url: href, format: 'module', shortCircuit: true }
    : next(specifier, context);
}

export async function load(url, context, next) {
  const source = (await modules).get(url);
  return source === undefined ? next(url, context) : { format: 'module', source, shortCircuit: true };
}
