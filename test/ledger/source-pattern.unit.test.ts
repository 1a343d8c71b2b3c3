import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nameProblem } from '../../src/ledger/name.js';
import { meets, patternProblem } from '../../src/ledger/source-pattern.js';

describe('a pattern of sources', () => {
  it.each(['billing', 'billing.*', '*', 'a b*', 'a *', '.*', '..*', 'x'.repeat(512), `${'x'.repeat(511)}*`])(
    'that sources can meet is one: %j',
    (pattern) => {
      expect(patternProblem(pattern, false)).toBeNull();
    },
  );

  it.each(['', ' a', 'a ', 'a**', 'a*b', '**', '$a*', '~a*', '.', '..', 'a\n*', 'x'.repeat(513)])(
    'that none can meet is none: %j',
    (pattern) => {
      expect(patternProblem(pattern, true)).toMatch(/^must /);
    },
  );

  it("of the ledger's own sources is for those who read", () => {
    for (const pattern of ['_schemas', '_*']) {
      expect(patternProblem(pattern, true)).toBeNull();
      expect(patternProblem(pattern, false)).toMatch(/nobody writes to those/);
    }
  });

  it('is refused exactly where no source meets it', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '.', '*', ' ', '$', '~', '\n', 'é'), maxLength: 5 });
    const endings = ['', 'x', 'xx'];
    fc.assert(
      fc.property(text, (pattern) => {
        // a star in a name is a star in no pattern
        if (pattern.slice(0, -1).includes('*')) return;
        const begun = endings.map((ending) => `${pattern.replace(/\*$/, '')}${ending}`);
        const met = begun.some((source) => nameProblem(source) === null && meets(source, pattern));
        expect(patternProblem(pattern, true) === null).toBe(met);
      }),
    );
  });
});
