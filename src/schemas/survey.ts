/**
 * A schema, read into the tree of its places: where schemas stand in it, so that nothing that a reference can
 * reach goes unchecked. What judge 1 does not take is refused here, with a pointer to it.
 */
import { pointerOf } from '../ledger/json-pointer.js';
import type { JsonProblem } from '../ledger/strict-json.js';
import type { Json } from '../ledger/types.js';
import { FORMATS } from './formats.js';
import type { CheckBudget } from './pattern/ambiguity.js';
import { CHECK_STEPS, compilePattern, type CompiledPattern } from './pattern/pattern.js';
import { PatternRefused } from './pattern/syntax.js';
import {
  ASSERTION_KEYWORDS,
  DEFINITION_KEYWORDS,
  META_SCHEMA,
  REFERENCE_KEYWORDS,
  SCHEMA_KEYWORDS,
  SCHEMA_LIST_KEYWORDS,
  SCHEMA_MAP_KEYWORDS,
  SILENT_KEYWORDS,
} from './vocabulary.js';

export type JsonObject = Readonly<Record<string, Json>>;

/** A schema within a schema. */
export interface Place {
  /** where it stands: reference tokens of a JSON Pointer */
  readonly tokens: readonly string[];
  readonly schema: JsonObject | boolean;
  readonly children: readonly Child[];
}

export interface Child {
  readonly keyword: string;
  /** member name or array index below the keyword; null where the keyword holds the schema itself */
  readonly name: string | null;
  readonly place: Place;
}

export interface Survey {
  readonly root: Place;
  /** places by `$anchor` and `$dynamicAnchor` */
  readonly anchors: ReadonlyMap<string, Place>;
  /** by source */
  readonly patterns: ReadonlyMap<string, CompiledPattern>;
}

/** Why a schema is not taken. Thrown inside of this directory, and data outside of it. */
export class SchemaRefused extends Error {
  readonly problem: JsonProblem;

  constructor(tokens: readonly string[], keyword: string, detail: string) {
    const pointer = pointerOf(tokens);
    super(`${pointer === '' ? 'the schema' : pointer} ${detail}`);
    this.problem = { pointer, keyword, detail };
  }
}

/** Code is generated from a schema: beyond these an engine's stack is at stake, which differs between machines. */
const MAX_PLACES = 2000;
const MAX_CHILDREN = 250;

/**
 * @param schema of the form that the meta-schema asks for
 * @throws SchemaRefused
 */
export function surveyOf(schema: Json): Survey {
  const surveyor = new Surveyor();
  const root = surveyor.visit(schema as JsonObject | boolean, []);
  return { root, anchors: surveyor.anchors, patterns: surveyor.patterns };
}

class Surveyor {
  readonly anchors = new Map<string, Place>();
  readonly patterns = new Map<string, CompiledPattern>();
  private readonly budget: CheckBudget = { steps: CHECK_STEPS };
  private places = 0;

  visit(schema: JsonObject | boolean, tokens: readonly string[]): Place {
    if (++this.places > MAX_PLACES) {
      throw new SchemaRefused([], 'size', `must have at most ${MAX_PLACES} subschemas`);
    }
    if (typeof schema === 'boolean') return { tokens, schema, children: [] };
    const children: Child[] = [];
    for (const [keyword, value] of Object.entries(schema)) {
      this.check(keyword, value, tokens);
      for (const [name, inner] of schemasIn(keyword, value)) {
        const place = this.visit(inner, [...tokens, keyword, ...(name === null ? [] : [name])]);
        children.push({ keyword, name, place });
      }
    }
    const applied = children.filter(({ keyword }) => !DEFINITION_KEYWORDS.has(keyword));
    const dependents = Object.keys(schema.dependentRequired ?? {});
    if (applied.length + dependents.length > MAX_CHILDREN) {
      throw new SchemaRefused(tokens, 'size', `must have at most ${MAX_CHILDREN} subschemas in one place`);
    }
    const place = { tokens, schema, children };
    for (const keyword of ['$anchor', '$dynamicAnchor']) this.name(schema[keyword], place, keyword);
    return place;
  }

  private name(anchor: Json | undefined, place: Place, keyword: string): void {
    if (typeof anchor !== 'string') return;
    const known = this.anchors.get(anchor);
    const refuse = (detail: string): SchemaRefused =>
      new SchemaRefused([...place.tokens, keyword], keyword, detail);
    if (known !== undefined && known !== place) throw refuse('must not be given twice');
    if (keyword === '$dynamicAnchor' && anchor === 'meta')
      throw refuse("must not be the meta-schema's 'meta'");
    this.anchors.set(anchor, place);
  }

  private check(keyword: string, value: Json, tokens: readonly string[]): void {
    const refuse = (detail: string): SchemaRefused =>
      new SchemaRefused([...tokens, keyword], keyword, detail);
    if (!isKnown(keyword)) throw refuse('is no keyword of JSON Schema 2020-12 that the judge knows');
    switch (keyword) {
      case '$schema':
        if (value !== META_SCHEMA) throw refuse(`must be ${META_SCHEMA}`);
        break;
      case '$id':
        if (tokens.length > 0) throw refuse('must stand at the root only');
        break;
      case 'format':
        if (!FORMATS.has(value as string)) throw refuse(`must be one of ${[...FORMATS].join(', ')}`);
        break;
      case 'pattern':
        this.pattern(value as string, [...tokens, keyword], keyword);
        break;
      case 'patternProperties':
        for (const pattern of Object.keys(value as JsonObject)) {
          this.pattern(pattern, [...tokens, keyword, pattern], keyword);
        }
        break;
    }
  }

  private pattern(source: string, tokens: readonly string[], keyword: string): void {
    if (this.patterns.has(source)) return;
    try {
      this.patterns.set(source, compilePattern(source, this.budget));
    } catch (error) {
      if (!(error instanceof PatternRefused)) throw error;
      throw new SchemaRefused(tokens, keyword, error.message);
    }
  }
}

function isKnown(keyword: string): boolean {
  return (
    SCHEMA_KEYWORDS.has(keyword) ||
    SCHEMA_LIST_KEYWORDS.has(keyword) ||
    SCHEMA_MAP_KEYWORDS.has(keyword) ||
    DEFINITION_KEYWORDS.has(keyword) ||
    ASSERTION_KEYWORDS.has(keyword) ||
    REFERENCE_KEYWORDS.has(keyword) ||
    SILENT_KEYWORDS.has(keyword)
  );
}

type Named = readonly [name: string | null, schema: JsonObject | boolean];

/** The schemas that stand in a keyword's value. */
function schemasIn(keyword: string, value: Json): readonly Named[] {
  if (SCHEMA_KEYWORDS.has(keyword)) return [[null, value as JsonObject | boolean]];
  const byName =
    SCHEMA_LIST_KEYWORDS.has(keyword) || SCHEMA_MAP_KEYWORDS.has(keyword) || DEFINITION_KEYWORDS.has(keyword);
  return byName ? Object.entries(value as Readonly<Record<string, JsonObject | boolean>>) : [];
}
