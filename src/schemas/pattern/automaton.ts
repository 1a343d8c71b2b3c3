/** A pattern as a nondeterministic automaton (Thompson's construction): what the matcher runs. */
import type { CharSet } from './charset.js';
import { PatternRefused, type Assertion, type PatternNode } from './syntax.js';

/** An instruction; numbers are places of other instructions. */
export type Instruction =
  | { readonly op: 'characters'; readonly set: CharSet; readonly next: number }
  | { readonly op: 'assertion'; readonly what: Assertion; readonly next: number }
  | { readonly op: 'fork'; readonly next: readonly number[] }
  | { readonly op: 'match' };

export interface Automaton {
  readonly start: number;
  readonly instructions: readonly Instruction[];
}

/** Counted repeats are written out: `(…){1000}` is a thousand times its item. */
const MAX_INSTRUCTIONS = 2000;

/** @throws PatternRefused when it would have more than 2,000 instructions */
export function automatonOf(node: PatternNode): Automaton {
  const instructions: Instruction[] = [];
  const start = build(instructions, node, emit(instructions, { op: 'match' }));
  return { start, instructions };
}

function emit(instructions: Instruction[], instruction: Instruction): number {
  if (instructions.length >= MAX_INSTRUCTIONS) throw new PatternRefused('is too large: its repeats are long');
  return instructions.push(instruction) - 1;
}

/** Built from the end: `next` is where a match of this node goes on. @returns where it begins */
function build(instructions: Instruction[], node: PatternNode, next: number): number {
  switch (node.kind) {
    case 'characters':
      return emit(instructions, { op: 'characters', set: node.set, next });
    case 'assertion':
      return emit(instructions, { op: 'assertion', what: node.what, next });
    case 'sequence':
      return node.items.reduceRight((end, item) => build(instructions, item, end), next);
    case 'choice':
      return emit(instructions, {
        op: 'fork',
        next: node.items.map((item) => build(instructions, item, next)),
      });
    case 'repeat':
      return repeat(instructions, node.item, node.min, node.max, next);
  }
}

function repeat(
  instructions: Instruction[],
  item: PatternNode,
  min: number,
  max: number,
  next: number,
): number {
  let begin = next;
  if (max === Infinity) {
    // the loop's fork stands before its item, which must know where to return to
    const targets: number[] = [];
    begin = emit(instructions, { op: 'fork', next: targets });
    targets.push(build(instructions, item, begin), next);
  } else {
    for (let i = min; i < max; i++) {
      begin = emit(instructions, { op: 'fork', next: [build(instructions, item, begin), next] });
    }
  }
  for (let i = 0; i < min; i++) {
    const before = begin;
    begin = build(instructions, item, before);
    // an item without instructions adds nothing, however often it is repeated
    if (begin === before) break;
  }
  return begin;
}
