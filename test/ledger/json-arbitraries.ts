/** JSON for properties: values that I-JSON allows, and texts that are nearly right. */
import fc from 'fast-check';
import type { Json } from '../../src/ledger/types.js';

const unacceptable = /[\0\p{Cs}\p{Noncharacter_Code_Point}]/u;

/** Texts of any script, with what must be escaped more often than chance gives. */
export const iJsonText: fc.Arbitrary<string> = fc
  .oneof(
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.string({ unit: fc.constantFrom(...Array.from('"\\/\b\n\x1f\x7fé😀')) }),
  )
  .filter((text) => !unacceptable.test(text));

const name = fc
  .oneof(iJsonText, fc.constantFrom('a', 'b', '10', '9', '', 'constructor', 'é', '\u{1F600}', '\uE000'))
  .filter((text) => text !== '__proto__');

const number = fc
  .oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
    fc.constantFrom(0, 1e21, 1e-7, 5e-324),
  )
  .map((value) => value + 0);

/** Any value that the door takes. */
export const iJson: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<Json>(null, true, false),
    number,
    iJsonText,
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(name, tie('value'), { maxKeys: 5 }).map((members): Json => ({ ...members })),
  ),
})).value;

/** JSON texts written carelessly: order, white space and escapes as they come. */
export const messyText: fc.Arbitrary<string> = fc
  .tuple(
    iJson,
    fc.constantFrom(undefined, 1, '\t'),
    fc.constantFrom<Edit>('none', 'escape', 'upper', 'slash'),
  )
  .map(([value, space, edit]) => EDITS[edit](JSON.stringify(value, null, space)));

type Edit = 'none' | 'escape' | 'upper' | 'slash';

const EDITS: Readonly<Record<Edit, (text: string) => string>> = {
  none: (text) => text,
  escape: (text) => text.replace('a', '\\u0061'),
  upper: (text) =>
    text.replace(/\\u00../g, (escape) => `\\u${escape.slice(2).toUpperCase()}`).replace('e+', 'E'),
  slash: (text) => text.replaceAll('/', '\\/'),
};

/** JSON texts with one small piece put in or taken out: some are JSON still, most are not. */
export const looseText: fc.Arbitrary<string> = fc
  .tuple(
    messyText,
    fc.nat(),
    fc.nat(2),
    fc.constantFrom(
      '',
      ...Array.from('[]{},:"\\ 0-.eE+tn\n\x01'),
      '\\u',
      '\\ud83d',
      'null',
      '00',
      '"a":',
      '\uFEFF',
      '\u2028',
      '/**/',
    ),
  )
  .map(([text, at, cut, piece]) => {
    const place = at % (text.length + 1);
    return text.slice(0, place) + piece + text.slice(place + cut);
  })
  // no text of UTF-8, and no question of JSON
  .filter((text) => !/\p{Cs}/u.test(text) && !text.includes('__proto__'));
