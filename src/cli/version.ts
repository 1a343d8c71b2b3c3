import { readFileSync } from 'node:fs';
import { PACKAGE } from '../package.js';

/** The version in package.json. */
export function version(): string {
  const text = readFileSync(new URL('package.json', PACKAGE), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
