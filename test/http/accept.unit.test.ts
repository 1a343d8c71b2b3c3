import { describe, expect, it } from 'vitest';
import { acceptsCoding, preferredType } from '../../src/http/accept.js';

const OFFERED = ['application/json', 'application/x-ndjson'] as const;

describe('the Accept header', () => {
  it.each([
    [undefined, 'application/json'],
    ['*/*', 'application/json'],
    ['application/*', 'application/json'],
    ['application/x-ndjson', 'application/x-ndjson'],
    ['Application/X-NDJSON; charset=utf-8', 'application/x-ndjson'],
    ['application/json;q=0.5, application/x-ndjson', 'application/x-ndjson'],
    ['application/json;q=0, */*', 'application/x-ndjson'],
    ['text/html, */*;q=0.1', 'application/json'],
    ['text/html', null],
    ['*/*;q=0', null],
    ['nonsense', 'application/json'],
  ])('%s', (header, expected) => {
    expect(preferredType(header, OFFERED)).toBe(expected);
  });

  it('compresses only when it is asked for', () => {
    expect(acceptsCoding(undefined, 'gzip')).toBe(false);
    expect(acceptsCoding('deflate, GZIP;q=0.5', 'gzip')).toBe(true);
    expect(acceptsCoding('gzip;q=0', 'gzip')).toBe(false);
    expect(acceptsCoding('*', 'gzip')).toBe(false);
  });
});
