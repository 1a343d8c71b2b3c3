/**
 * Runs an automaton over text in time linear in the text, whatever pattern and text are: all its paths at once,
 * one character at a time. Sets of places that were met before are remembered, with where each class of
 * characters leads (a deterministic automaton made as it is needed), so that most characters cost one look-up. When
 * the memory is full, the rest of a text is walked without; the next text begins with an empty one.
 */
import { alphabetOf } from './alphabet.js';
import type { Automaton } from './automaton.js';
import { WORD_CHARACTERS, type CharSet } from './charset.js';
import type { Assertion } from './syntax.js';

/** Whether the automaton matches anywhere in a text, as RegExp.prototype.test with the flag `u` says. */
export function matcherOf(automaton: Automaton): (text: string) => boolean {
  const walk = new Walk(automaton);
  return (text) => walk.matches(text);
}

/** Remembered transitions of one pattern. */
const MAX_CELLS = 16_384;

type Side = 'edge' | 'word' | 'other';

interface State {
  /** instructions that may come next */
  readonly places: readonly number[];
  /** what stands before */
  readonly before: Side;
  /** by class of the next character, and for the end of the text last; null where nothing is remembered */
  readonly next: (State | typeof MATCH | undefined)[] | null;
}

const MATCH = Symbol('match');

class Walk {
  private readonly automaton: Automaton;
  private readonly classOf: (codePoint: number) => number;
  /** the class, so to say, of the end of the text */
  private readonly end: number;
  /** by instruction: the classes that it takes, null where it takes no character */
  private readonly takes: readonly (Uint8Array | null)[];
  private readonly wordClasses: Uint8Array;
  private states = new Map<string, State>();
  private initial: State;
  /** by instruction: the round in which it was reached last */
  private readonly reachedIn: Uint32Array;
  private round = 0;

  constructor(automaton: Automaton) {
    const { instructions, start } = automaton;
    const sets = new Set<CharSet>();
    for (const instruction of instructions) if (instruction.op === 'characters') sets.add(instruction.set);
    const alphabet = alphabetOf(sets);
    const taken = new Map(Array.from(sets, (set) => [set, alphabet.taken(set)]));
    this.automaton = automaton;
    this.classOf = alphabet.classOf;
    this.end = alphabet.size;
    this.takes = instructions.map((each) =>
      each.op === 'characters' ? (taken.get(each.set) ?? null) : null,
    );
    this.wordClasses = alphabet.taken(WORD_CHARACTERS);
    this.reachedIn = new Uint32Array(instructions.length);
    this.initial = this.stateOf([start], 'edge');
  }

  matches(text: string): boolean {
    if (this.full()) {
      this.states = new Map();
      this.initial = this.stateOf([this.automaton.start], 'edge');
    }
    let state = this.initial;
    for (let i = 0; i < text.length; i++) {
      const codePoint = text.codePointAt(i) ?? 0;
      if (codePoint > 0xffff) i++;
      const next = this.follow(state, this.classOf(codePoint));
      if (next === MATCH) return true;
      state = next;
    }
    return this.follow(state, this.end) === MATCH;
  }

  private follow(state: State, characterClass: number): State | typeof MATCH {
    const known = state.next?.[characterClass];
    if (known !== undefined) return known;
    const next = this.advance(state, characterClass);
    // what is not remembered must not be held by what is
    if (state.next !== null && (next === MATCH || next.next !== null)) state.next[characterClass] = next;
    return next;
  }

  private advance(state: State, characterClass: number): State | typeof MATCH {
    const { instructions, start } = this.automaton;
    const after = this.sideOf(characterClass);
    const next: number[] = [];
    for (const place of this.reached(state.places, state.before, after)) {
      const instruction = instructions[place];
      if (instruction?.op === 'match') return MATCH;
      if (instruction?.op === 'characters' && this.takes[place]?.[characterClass] === 1) {
        next.push(instruction.next);
      }
    }
    // a match may begin at any character
    next.push(start);
    return this.stateOf(next, after);
  }

  /** All places that can be reached without taking a character, between what stands before and after. */
  private reached(places: readonly number[], before: Side, after: Side): readonly number[] {
    const { instructions } = this.automaton;
    const found: number[] = [];
    this.round++;
    const add = (place: number): void => {
      if (this.reachedIn[place] === this.round) return;
      this.reachedIn[place] = this.round;
      found.push(place);
    };
    places.forEach(add);
    for (const place of found) {
      const instruction = instructions[place];
      if (instruction?.op === 'fork') instruction.next.forEach(add);
      else if (instruction?.op === 'assertion' && holds(instruction.what, before, after)) {
        add(instruction.next);
      }
    }
    return found;
  }

  private stateOf(places: readonly number[], before: Side): State {
    if (this.full()) return { places, before, next: null };
    const key = `${before} ${places.join(' ')}`;
    let state = this.states.get(key);
    if (state === undefined) {
      state = { places, before, next: new Array<undefined>(this.end + 1) };
      this.states.set(key, state);
    }
    return state;
  }

  private full(): boolean {
    return this.states.size * (this.end + 1) >= MAX_CELLS;
  }

  private sideOf(characterClass: number): Side {
    if (characterClass === this.end) return 'edge';
    return this.wordClasses[characterClass] === 1 ? 'word' : 'other';
  }
}

function holds(assertion: Assertion, before: Side, after: Side): boolean {
  switch (assertion) {
    case 'start':
      // only the text's beginning has an edge before it
      return before === 'edge';
    case 'end':
      return after === 'edge';
    case 'word-boundary':
      return (before === 'word') !== (after === 'word');
    case 'no-word-boundary':
      return (before === 'word') === (after === 'word');
  }
}
