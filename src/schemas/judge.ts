/**
 * Judge 1: an exact set of validator versions, options and admission checks. It stays as it is for as long as the
 * format lives; what it must do differently is another judge's (docs/schemas.md). test/schemas/judge-1.golden.json
 * shows when an upgrade changes a verdict.
 */
import { Ajv2020, type ErrorObject, type Options, type ValidateFunction } from 'ajv/dist/2020.js';
import { canonicalBytesWithin, canonicalJson } from '../ledger/canonical-json.js';
import { LedgerError } from '../ledger/error.js';
import { sha256 } from '../ledger/hash.js';
import type { JsonProblem } from '../ledger/strict-json.js';
import type { Hash, Json } from '../ledger/types.js';
import { formatsFor } from './formats.js';
import { defineKeywords } from './keywords.js';
import { normalFormOf, ROOT } from './normal-form.js';
import { compilePattern, type CompiledPattern } from './pattern/pattern.js';
import { problemsFrom, tokensOf } from './problems.js';
import { SchemaRefused, surveyOf } from './survey.js';
import { META_SCHEMA } from './vocabulary.js';
import { SharedWork, Work } from './work.js';

/** The judge that registrations name unless told otherwise. */
export const CURRENT_JUDGE = 1;

export const MAX_SCHEMA_BYTES = 64 * 1024;

/** A schema that judges. */
export interface CompiledSchema {
  /** SHA-256 of the canonical schema */
  readonly hash: Hash;
  /** it is the schema `true`: no value needs to be read to be judged */
  readonly takesAll: boolean;
  /** The verdict. Never throws: what cannot be judged is refused. */
  accepts(value: Json): boolean;
  /**
   * Why a value is refused, at most 100 reasons; empty when it is accepted. Pointers are from the value's root.
   * @param shared is charged; where it has nothing left for reasons, only the first thing that is wrong is told
   */
  validate(value: Json, shared?: SharedWork): readonly JsonProblem[];
}

export type Admission =
  | { readonly ok: true; readonly schema: CompiledSchema }
  | { readonly ok: false; readonly problem: JsonProblem };

/**
 * Steps that judging one event may take, part of judge 1: so many, and some more for each character of its canonical
 * form, at most MOST_STEPS, which is about half a second.
 */
const STEPS = 50_000;
const STEPS_PER_CHARACTER = 16;
const MOST_STEPS = 4_000_000;

/** Steps for finding all that is wrong with a value that was refused; beyond them the first thing is named. */
const STEPS_FOR_REASONS = 5000;

/**
 * Whether a schema may judge. The same on every machine: limits are on what is counted, not on time or memory.
 * @param schema I-JSON of at most 64 levels
 */
export function admitSchema(schema: Json, judge: number): Admission {
  if (judge !== CURRENT_JUDGE) {
    const detail = `must be ${CURRENT_JUDGE}: there is no other judge`;
    return { ok: false, problem: { pointer: '', keyword: 'judge', detail } };
  }
  try {
    return { ok: true, schema: admitted(schema) };
  } catch (error) {
    return { ok: false, problem: problemOf(error) };
  }
}

/** @throws LedgerError `invalid-input` with the place and the reason, when the judge does not take the schema */
export function compileSchema(schema: Json, judge: number): CompiledSchema {
  const admission = admitSchema(schema, judge);
  if (admission.ok) return admission.schema;
  const { pointer, detail } = admission.problem;
  throw new LedgerError('invalid-input', `${pointer === '' ? 'the schema' : pointer} ${detail}`);
}

function admitted(schema: Json): CompiledSchema {
  const bytes = canonicalBytesWithin(schema, MAX_SCHEMA_BYTES);
  if (bytes === null) {
    const detail = `must have at most ${MAX_SCHEMA_BYTES} bytes in canonical form`;
    throw new SchemaRefused([], 'size', detail);
  }
  checkForm(schema);
  const survey = surveyOf(schema);
  const normal = normalFormOf(survey);
  const meta = JSON.stringify(normal).includes(JSON.stringify(META_SCHEMA));
  const work = new Work();
  const compile = (allErrors: boolean): ValidateFunction => {
    // an instance for each: it keeps what it compiles for ever, and knows schemas by their names
    const ajv = instance({ work, allErrors, patterns: survey.patterns, meta });
    defineKeywords(ajv, work, allErrors);
    for (const { name, schema: definition } of normal) ajv.addSchema(definition, name);
    for (const { name } of normal) ajv.getSchema(name);
    return ajv.getSchema(ROOT) as ValidateFunction;
  };
  const verdict = compile(false);
  let reasons: ValidateFunction | null = null;

  const accepts = (value: Json): boolean => {
    work.begin(STEPS, () => Math.min(MOST_STEPS - STEPS, STEPS_PER_CHARACTER * canonicalJson(value).length));
    return run(verdict, value) === 'valid';
  };
  return {
    hash: sha256(bytes),
    takesAll: schema === true,
    accepts,
    validate(value, shared = new SharedWork()) {
      const accepted = accepts(value);
      shared.spendOnVerdict(work.spent);
      if (accepted) return [];
      const first = taken(verdict);
      reasons ??= compile(true);
      work.begin(Math.min(STEPS_FOR_REASONS, shared.leftForReasons));
      const all = run(reasons, value) === 'invalid' ? taken(reasons) : [];
      shared.spendOnReasons(work.spent);
      return problemsFrom(all.length > 0 ? all : first);
    },
  };
}

function run(validate: ValidateFunction, value: Json): 'valid' | 'invalid' | 'thrown' {
  validate.errors = null;
  try {
    return validate(value) ? 'valid' : 'invalid';
  } catch {
    // too much work; or a stack too small for a value of 64 levels, which the limits of admission leave room for
    return 'thrown';
  }
}

function taken(validate: ValidateFunction): readonly ErrorObject[] {
  const errors = validate.errors ?? [];
  validate.errors = null;
  return errors;
}

/** What the meta-schema asks of a schema's form. */
function checkForm(schema: Json): void {
  metaSchema ??= metaSchemaValidator();
  if (metaSchema(schema)) return;
  const [problem] = problemsFrom(taken(metaSchema));
  if (problem === undefined) throw new SchemaRefused([], 'schema', 'is no JSON Schema');
  throw new SchemaRefused(
    tokensOf(problem.pointer),
    problem.keyword,
    `${problem.detail}, says the meta-schema`,
  );
}

let metaSchema: ValidateFunction | null = null;

function metaSchemaValidator(): ValidateFunction {
  const work = new Work();
  work.begin(Infinity);
  const ajv = instance({ work, allErrors: false, patterns: new Map(), meta: true });
  return ajv.getSchema(META_SCHEMA) as ValidateFunction;
}

interface Parts {
  readonly work: Work;
  readonly allErrors: boolean;
  /** those of the schema, compiled */
  readonly patterns: ReadonlyMap<string, CompiledPattern>;
  /** whether it knows the meta-schema */
  readonly meta: boolean;
}

function instance({ work, allErrors, patterns, meta }: Parts): Ajv2020 {
  const matcher = (source: string): { test: (text: string) => boolean; toString: () => string } => {
    const pattern = patterns.get(source) ?? compilePattern(source);
    return {
      test(text) {
        work.spend(Math.ceil((text.length * pattern.size) / 4));
        return pattern.test(text);
      },
      // ajv takes two that are written alike for the same
      toString: () => source,
    };
  };
  const options: Options = {
    // what would be ignored is refused; types are not guessed at
    strict: true,
    strictSchema: true,
    strictNumbers: true,
    strictTypes: false,
    strictTuples: false,
    strictRequired: false,
    allowUnionTypes: true,
    allowMatchingProperties: true,
    validateFormats: true,
    formats: formatsFor(work),
    unicodeRegExp: true,
    ownProperties: true,
    discriminator: false,
    $data: false,
    $comment: (): void => undefined,
    // values are judged, never changed
    coerceTypes: false,
    useDefaults: false,
    removeAdditional: false,
    allErrors,
    messages: true,
    verbose: false,
    meta,
    validateSchema: false,
    addUsedSchema: false,
    inlineRefs: false,
    loopRequired: 200,
    loopEnum: 200,
    passContext: false,
    int32range: true,
    logger: false,
    code: {
      es5: false,
      esm: false,
      lines: false,
      source: false,
      optimize: false,
      regExp: Object.assign(matcher, { code: 'pattern of judge 1' }),
    },
  };
  return new Ajv2020(options);
}

function problemOf(error: unknown): JsonProblem {
  if (error instanceof SchemaRefused) return error.problem;
  // ajv's own refusals are plain errors: `strict mode: "then" without "if" is ignored`
  const reason = error instanceof Error ? error.message : String(error);
  return { pointer: '', keyword: 'schema', detail: `does not compile: ${reason}` };
}
