import { describe, expect, it } from 'vitest';
import { patienceOf } from '../../src/cli/patience.js';

describe('--patience', () => {
  it('is in seconds, also before the server has answered once', () => {
    expect(patienceOf('60', 0)).toEqual({ ms: 60_000, firstMs: 60_000 });
    expect(patienceOf('0', 5)).toEqual({ ms: 0, firstMs: 0 });
    expect(patienceOf('0.5', 5)).toEqual({ ms: 500, firstMs: 500 });
  });

  it('without it, a server that never answered is not waited for long', () => {
    expect(patienceOf(undefined, Infinity)).toEqual({ ms: Infinity, firstMs: 3_000 });
  });

  it.each(['', ' ', '-1', '1e3', '0x10', 'soon', 'Infinity', '1.', '10000000000'])('is not %j', (text) => {
    expect(() => patienceOf(text, 0)).toThrow(`--patience ${text}: must be a number of seconds`);
  });
});
