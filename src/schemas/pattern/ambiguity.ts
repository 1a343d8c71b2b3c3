/**
 * The check against catastrophic backtracking.
 *
 * Our own matcher needs none. But a schema in the ledger is public, and whoever judges again with an ordinary engine
 * must not be hung by it: a pattern is refused when such an engine may take exponential time. It does when a loop can
 * come back to the same place over the same text in two ways (exponential degree of ambiguity; Weber and Seidl, On
 * the degree of ambiguity of finite automata, 1991). Looked for in the position automaton (Glushkov), where an
 * edge that exists twice counts twice.
 */
import { loopsOf, reversed, type Edges } from '../graph.js';
import { overlap, type CharSet } from './charset.js';
import { PatternRefused, type PatternNode } from './syntax.js';

/** How long checking may take: places and pairs of places looked at, of all patterns of a schema together. */
export interface CheckBudget {
  steps: number;
}

/** @throws PatternRefused when it is exponentially ambiguous, or too entangled to tell */
export function refuseExponential(node: PatternNode, budget: CheckBudget): void {
  const positions = new Positions(budget);
  positions.add(node, false);
  for (const loop of loopsOf(positions.follow)) refuseTwoWays(loop, positions, budget);
}

function spend(budget: CheckBudget): void {
  if (--budget.steps < 0) throw new PatternRefused('is too entangled to be checked');
}

interface Part {
  /** ways to match nothing: 0, 1 or more (2) */
  readonly empty: number;
  /** where it can begin and end, one position as often as there are ways */
  readonly first: readonly number[];
  readonly last: readonly number[];
}

const NOTHING: Part = { empty: 1, first: [], last: [] };

class Positions {
  readonly sets: CharSet[] = [];
  readonly follow: number[][] = [];
  private readonly budget: CheckBudget;

  constructor(budget: CheckBudget) {
    this.budget = budget;
  }

  add(node: PatternNode, inLoop: boolean): Part {
    switch (node.kind) {
      case 'characters': {
        spend(this.budget);
        const position = this.sets.push(node.set) - 1;
        this.follow.push([]);
        return { empty: 0, first: [position], last: [position] };
      }
      case 'assertion':
        return NOTHING;
      case 'sequence':
        return node.items.reduce<Part>((before, item) => this.join(before, this.add(item, inLoop)), NOTHING);
      case 'choice': {
        const parts = node.items.map((item) => this.add(item, inLoop));
        return {
          empty: Math.min(
            2,
            parts.reduce((sum, part) => sum + part.empty, 0),
          ),
          first: parts.flatMap((part) => part.first),
          last: parts.flatMap((part) => part.last),
        };
      }
      case 'repeat':
        return this.repeat(node.item, node.min, node.max, inLoop);
    }
  }

  private repeat(item: PatternNode, min: number, max: number, inLoop: boolean): Part {
    if (max === 0) return NOTHING;
    const fixed = !isVariable(item);
    if (max === 1 || (fixed && !inLoop && max !== Infinity)) {
      // at most once, or as often as is written: without a loop there is nothing exponential to find
      const once = this.add(item, inLoop);
      return min === 0 ? { ...once, empty: 1 } : once;
    }
    if (fixed && min === max) {
      let part = NOTHING;
      for (let i = 0; i < max; i++) {
        spend(this.budget);
        part = this.join(part, this.add(item, inLoop));
      }
      return part;
    }
    const once = this.add(item, true);
    if (once.empty > 0) throw new PatternRefused('repeats something that can be empty');
    this.connect(once.last, once.first);
    return min === 0 ? { ...once, empty: 1 } : once;
  }

  private join(before: Part, after: Part): Part {
    this.connect(before.last, after.first);
    return {
      empty: Math.min(2, before.empty * after.empty),
      first: [...before.first, ...times(before.empty, after.first)],
      last: [...times(after.empty, before.last), ...after.last],
    };
  }

  private connect(last: readonly number[], first: readonly number[]): void {
    for (const from of last) {
      for (const to of first) {
        spend(this.budget);
        this.follow[from]?.push(to);
      }
    }
  }
}

function times(count: number, positions: readonly number[]): readonly number[] {
  if (count === 0) return [];
  return count === 1 ? positions : [...positions, ...positions];
}

/** Whether its matches may be of different lengths for the sake of a repeat. */
function isVariable(node: PatternNode): boolean {
  switch (node.kind) {
    case 'characters':
    case 'assertion':
      return false;
    case 'sequence':
    case 'choice':
      return node.items.some(isVariable);
    case 'repeat':
      return node.min !== node.max || isVariable(node.item);
  }
}

/** Two ways over the same text from a place of the loop back to it. */
function refuseTwoWays(loop: ReadonlySet<number>, { sets, follow }: Positions, budget: CheckBudget): void {
  const within = follow.map((targets, from) => (loop.has(from) ? targets.filter((to) => loop.has(to)) : []));
  for (const targets of within) if (new Set(targets).size < targets.length) throw tooManyWays();

  // Pairs of places that two walks over the same text can stand at: those that walks from one place come to, and
  // those from which walks come together again. Who is at both, and apart, has gone two ways round the loop.
  const possible = (a: number, b: number): boolean => overlap(sets[a] ?? [], sets[b] ?? []);
  const meeting = pairsFrom(loop, reversed(within), possible, budget);
  for (const pair of pairsFrom(loop, within, possible, budget)) {
    const apart = Math.floor(pair / follow.length) !== pair % follow.length;
    if (apart && meeting.has(pair)) throw tooManyWays();
  }
}

function tooManyWays(): PatternRefused {
  return new PatternRefused(
    'has a repeat that can match the same text in many ways (catastrophic backtracking)',
  );
}

/** All pairs (a, b), as a × number of positions + b, that two walks come to from one position of the loop. */
function pairsFrom(
  loop: ReadonlySet<number>,
  edges: Edges,
  possible: (a: number, b: number) => boolean,
  budget: CheckBudget,
): ReadonlySet<number> {
  const found = new Set<number>();
  for (const position of loop) found.add(position * edges.length + position);
  // a set is iterated in the order of insertion, what is added meanwhile included
  for (const pair of found) {
    for (const a of edges[Math.floor(pair / edges.length)] ?? []) {
      for (const b of edges[pair % edges.length] ?? []) {
        spend(budget);
        if (possible(a, b)) found.add(a * edges.length + b);
      }
    }
  }
  return found;
}
