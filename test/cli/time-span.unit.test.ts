import { expect, it } from 'vitest';
import { parseTimeSpan } from '../../src/cli/time-span.js';

it('a span of time is a number of minutes, hours or days', () => {
  expect(['30m', '12h', '90d'].map((text) => parseTimeSpan('--overlap', text))).toEqual([
    1_800_000, 43_200_000, 7_776_000_000,
  ]);
  for (const text of ['', '0d', '1', '1.5h', '-1d', '1w', '100000d', ' 1d']) {
    expect(() => parseTimeSpan('--overlap', text)).toThrow('--overlap');
  }
});
