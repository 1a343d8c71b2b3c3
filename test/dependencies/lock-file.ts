/** As much of package-lock.json (version 3) as the checks of dependencies read. */
import { readFileSync } from 'node:fs';

export interface LockedPackage {
  readonly version?: string;
  /** SHA-512 of what is downloaded, checked by `npm ci` */
  readonly integrity?: string;
  /** what it runs on the machine that installs it, with that user's rights */
  readonly hasInstallScript?: boolean;
  /** needed by devDependencies alone */
  readonly dev?: boolean;
}

/** By the place where each is installed; the project itself is at ''. */
export type LockedPackages = Readonly<Record<string, LockedPackage>>;

export const ROOT = new URL('../..', import.meta.url).pathname;

export function lockedPackages(): LockedPackages {
  const { packages } = JSON.parse(readFileSync(`${ROOT}package-lock.json`, 'utf8')) as {
    readonly packages: LockedPackages;
  };
  return packages;
}

/** @param place such as `node_modules/a/node_modules/@b/c` */
export function nameAt(place: string): string {
  return place.split('node_modules/').at(-1) ?? '';
}

/** `name@version` of everything that runs where the package is installed, each once. */
export function productionPackages(packages: LockedPackages): ReadonlySet<string> {
  const needed = Object.entries(packages).filter(([place, { dev }]) => place !== '' && dev !== true);
  return new Set(needed.map(([place, { version }]) => `${nameAt(place)}@${version ?? ''}`));
}
