import { describe, expect, it } from 'vitest';
import { goldenFiles, readGolden } from '../golden/vectors.js';

describe('the format', () => {
  it.each([...goldenFiles()])(
    'is that of the golden vectors: %s (npm run golden writes them)',
    (name, text) => {
      expect(text).toBe(readGolden(name));
    },
  );
});
