import { describe, expect, it } from 'vitest';
import { shorten } from '../../src/ledger/finding.js';

describe('a value that a finding shows', () => {
  it('is shown whole, or its beginning and how long it is', () => {
    expect(shorten('x'.repeat(200))).toBe('x'.repeat(200));
    expect(shorten('x'.repeat(201))).toBe(`${'x'.repeat(200)}… (201 characters)`);
  });

  it('is not cut within a character', () => {
    expect(shorten(`${'x'.repeat(199)}😀`)).toBe(`${'x'.repeat(199)}… (201 characters)`);
  });
});
