import { describe, expect, it } from 'vitest';
import { ALLOWED, scriptProblems, unpinned } from './install-scripts.js';
import { lockedPackages } from './lock-file.js';

describe('install scripts of dependencies', () => {
  const packages = lockedPackages();

  it('are those that were allowed by name', () => {
    expect(scriptProblems(packages)).toEqual([]);
  });

  it('are found wherever a package lies', () => {
    const more = {
      ...packages,
      'node_modules/fastify/node_modules/@evil/esbuild': { hasInstallScript: true },
      'node_modules/constructor': { hasInstallScript: true },
    };
    expect(scriptProblems(more)).toEqual([
      'node_modules/fastify/node_modules/@evil/esbuild has an install script that is not allowed',
      'node_modules/constructor has an install script that is not allowed',
    ]);
  });

  it('are not allowed to those that have none', () => {
    expect(scriptProblems(packages, { ...ALLOWED, pg: 'had one' })).toEqual([
      'pg is allowed an install script, and has none',
    ]);
  });
});

describe('the lock file', () => {
  it('has a hash of everything that is downloaded', () => {
    const packages = lockedPackages();
    expect(unpinned(packages)).toEqual([]);
    expect(unpinned({ '': {}, 'node_modules/a': { version: '1.0.0' } })).toEqual(['node_modules/a']);
  });
});
