import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { GOLDEN_FILE, goldenCases } from './judge-1.js';

it('judge 1 says what it always said', () => {
  const golden = JSON.parse(readFileSync(GOLDEN_FILE, 'utf8')) as unknown[];
  expect(JSON.parse(JSON.stringify(goldenCases()))).toEqual(golden);
});
