/** Module hooks that serve modules out of memory. They run in a thread of their own (see sources.js). */

/** text by URL */
let modules;

export function initialize(data) {
  modules = data;
}

export function resolve(specifier, context, next) {
  const { href } = new URL(specifier, context.parentURL);
  return modules.has(href) ? { url: href, format: 'module', shortCircuit: true } : next(specifier, context);
}

export function load(url, context, next) {
  const source = modules.get(url);
  return source === undefined ? next(url, context) : { format: 'module', source, shortCircuit: true };
}
