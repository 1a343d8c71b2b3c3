/** Where this package lies: beside its sources and what is built of them are the files that they read. */

/** A folder; this module is one step below it, in src/ as in dist/. */
export const PACKAGE = new URL('..', import.meta.url);
