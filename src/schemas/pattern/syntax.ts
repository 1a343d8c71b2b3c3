/**
 * Patterns of JSON Schema (ECMA-262 with the flag `u`), read into a tree of the few things that they are made of.
 *
 * What makes a match cost more than linear time, or makes it depend on the version of Unicode that the machine
 * has, is refused: backreferences, look-behind, look-ahead other than at the beginning, `\p{…}`.
 */
import { RegExpParser, type AST } from '@eslint-community/regexpp';
import {
  ANY_BUT_LINE_TERMINATORS,
  complement,
  DIGITS,
  union,
  WHITE_SPACE,
  WORD_CHARACTERS,
  type CharSet,
} from './charset.js';

export type PatternNode =
  | { readonly kind: 'characters'; readonly set: CharSet }
  | { readonly kind: 'sequence'; readonly items: readonly PatternNode[] }
  | { readonly kind: 'choice'; readonly items: readonly PatternNode[] }
  /** `max` may be Infinity */
  | { readonly kind: 'repeat'; readonly item: PatternNode; readonly min: number; readonly max: number }
  | { readonly kind: 'assertion'; readonly what: Assertion };

export type Assertion = 'start' | 'end' | 'word-boundary' | 'no-word-boundary';

export interface Pattern {
  readonly node: PatternNode;
  /** look-ahead at the very beginning (`^(?=a)(?!b)…`): what must, or must not, match there too */
  readonly ahead: readonly { readonly node: PatternNode; readonly negate: boolean }[];
}

/** Why a pattern is not taken; the message completes "the pattern …". */
export class PatternRefused extends Error {}

const MAX_LENGTH = 2048;

/** The parser is recursive: so deep it may go, on every machine. */
const MAX_NESTING = 32;

const PARSER = new RegExpParser({ ecmaVersion: 2023, strict: false });

/** @throws PatternRefused */
export function parsePattern(source: string): Pattern {
  if (source.length > MAX_LENGTH) throw new PatternRefused(`has more than ${MAX_LENGTH} characters`);
  if (nesting(source) > MAX_NESTING) throw new PatternRefused(`nests groups more than ${MAX_NESTING} deep`);
  const { alternatives } = parse(source);
  const [first] = alternatives;
  const ahead = alternatives.length === 1 && first !== undefined ? leadingLookaheads(first) : [];
  return {
    node: choiceOf(alternatives, new Set<AST.Element>(ahead)),
    ahead: ahead.map(({ alternatives: inner, negate }) => ({ node: anchored(choiceOf(inner)), negate })),
  };
}

function parse(source: string): AST.Pattern {
  try {
    const flags = { unicode: true, unicodeSets: false };
    return PARSER.parsePattern(source, 0, source.length, flags);
  } catch (error) {
    // its messages repeat the pattern: `Invalid regular expression: /…/u: Unterminated group`
    const reason = error instanceof Error ? error.message.slice(error.message.lastIndexOf(': ') + 2) : '';
    throw new PatternRefused(`is no regular expression of ECMAScript 2023 with the flag u: ${reason}`, {
      cause: error,
    });
  }
}

/** How deep parentheses stand in each other. */
function nesting(source: string): number {
  let depth = 0;
  let deepest = 0;
  let inClass = false;
  for (let i = 0; i < source.length; i++) {
    const character = source[i];
    if (character === '\\') i++;
    else if (inClass) inClass = character !== ']';
    else if (character === '[') inClass = true;
    else if (character === '(') deepest = Math.max(deepest, ++depth);
    else if (character === ')') depth--;
  }
  return deepest;
}

function leadingLookaheads(alternative: AST.Alternative): readonly AST.LookaheadAssertion[] {
  const [start, ...rest] = alternative.elements;
  if (start?.type !== 'Assertion' || start.kind !== 'start') return [];
  const found: AST.LookaheadAssertion[] = [];
  for (const element of rest) {
    if (element.type !== 'Assertion' || element.kind !== 'lookahead') break;
    found.push(element);
  }
  return found;
}

function anchored(node: PatternNode): PatternNode {
  return { kind: 'sequence', items: [{ kind: 'assertion', what: 'start' }, node] };
}

const NONE: ReadonlySet<AST.Element> = new Set();

function choiceOf(
  alternatives: readonly AST.Alternative[],
  leaveOut: ReadonlySet<AST.Element> = NONE,
): PatternNode {
  const items = alternatives.map(({ elements }): PatternNode => {
    const kept = elements.filter((element) => !leaveOut.has(element));
    return { kind: 'sequence', items: kept.map(nodeOf) };
  });
  return items.length === 1 && items[0] !== undefined ? items[0] : { kind: 'choice', items };
}

function nodeOf(element: AST.Element): PatternNode {
  switch (element.type) {
    case 'Character':
    case 'CharacterSet':
      return { kind: 'characters', set: charactersOf(element) };
    case 'CharacterClass':
      return { kind: 'characters', set: classOf(element) };
    case 'Group':
    case 'CapturingGroup':
      return choiceOf(element.alternatives);
    case 'Quantifier':
      return { kind: 'repeat', item: nodeOf(element.element), min: element.min, max: element.max };
    case 'Assertion':
      return { kind: 'assertion', what: assertionOf(element) };
    case 'Backreference':
      throw new PatternRefused(`has the backreference ${element.raw}`);
    case 'ExpressionCharacterClass':
      throw new PatternRefused(`has a class that only the flag v knows: ${element.raw}`);
  }
}

function assertionOf(assertion: AST.Assertion): Assertion {
  switch (assertion.kind) {
    case 'start':
    case 'end':
      return assertion.kind;
    case 'word':
      return assertion.negate ? 'no-word-boundary' : 'word-boundary';
    case 'lookahead':
      throw new PatternRefused(`has look-ahead elsewhere than right after a leading ^: ${assertion.raw}`);
    case 'lookbehind':
      throw new PatternRefused(`has look-behind: ${assertion.raw}`);
  }
}

function classOf(characterClass: AST.CharacterClass): CharSet {
  const set = union(
    characterClass.elements.map((element) => {
      switch (element.type) {
        case 'Character':
        case 'CharacterSet':
          return charactersOf(element);
        case 'CharacterClassRange':
          return [[element.min.value, element.max.value]] as const;
        case 'CharacterClass':
        case 'ClassStringDisjunction':
        case 'ExpressionCharacterClass':
          throw new PatternRefused(`has a class that only the flag v knows: ${element.raw}`);
      }
    }),
  );
  return characterClass.negate ? complement(set) : set;
}

function charactersOf(element: AST.Character | AST.CharacterSet): CharSet {
  if (element.type === 'Character') return [[element.value, element.value]];
  switch (element.kind) {
    case 'any':
      return ANY_BUT_LINE_TERMINATORS;
    case 'digit':
      return element.negate ? complement(DIGITS) : DIGITS;
    case 'space':
      return element.negate ? complement(WHITE_SPACE) : WHITE_SPACE;
    case 'word':
      return element.negate ? complement(WORD_CHARACTERS) : WORD_CHARACTERS;
    case 'property':
      throw new PatternRefused(`has ${element.raw}, which depends on the version of Unicode: give ranges`);
  }
}
