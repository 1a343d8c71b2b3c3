/** The golden corpus of judge 1: what it says of schemas and values, and must always say. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Json } from '../../src/ledger/types.js';
import { admitSchema } from '../../src/schemas/judge.js';
import { CASES, type Case } from './judge-1.cases.js';

export const GOLDEN_FILE = fileURLToPath(new URL('judge-1.golden.json', import.meta.url));

export interface GoldenCase {
  readonly schema: Json;
  /** hash of the schema when it is admitted, else null */
  readonly admitted: string | null;
  /** where and why it is not */
  readonly refused?: string;
  readonly verdicts?: readonly (readonly [value: Json, accepted: boolean])[];
}

function judged({ schema, values = [] }: Case): GoldenCase {
  const admission = admitSchema(schema, 1);
  // the size alone is told of large schemas
  const shown = JSON.stringify(schema).length > 1000 ? JSON.stringify(schema).length : schema;
  if (!admission.ok) {
    return {
      schema: shown,
      admitted: null,
      refused: `${admission.problem.pointer} ${admission.problem.keyword}`,
    };
  }
  const verdicts = values.map((value) => [value, admission.schema.accepts(value)] as const);
  return { schema: shown, admitted: admission.schema.hash, verdicts };
}

export function goldenCases(): readonly GoldenCase[] {
  return CASES.map(judged);
}

/** One case a line, so that a difference shows what differs. */
export function writeGolden(): void {
  const lines = goldenCases().map((each) => JSON.stringify(each));
  writeFileSync(GOLDEN_FILE, `[\n${lines.join(',\n')}\n]\n`);
}
