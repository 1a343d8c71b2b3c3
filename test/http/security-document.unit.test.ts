import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const ROOT = new URL('../..', import.meta.url).pathname;

describe('docs/security.md', () => {
  it('names tests and sources that there are', () => {
    const text = readFileSync(`${ROOT}docs/security.md`, 'utf8');
    const named = [...text.matchAll(/`((?:test|src)\/[\w/.-]+)`/g)].map(([, path = '']) => path);
    expect(named.length).toBeGreaterThan(30);
    expect(named.filter((path) => !existsSync(`${ROOT}${path}`))).toEqual([]);
  });
});
