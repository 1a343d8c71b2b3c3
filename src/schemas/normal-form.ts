/**
 * The schema that ajv gets: what is said in another way, so that neither names chosen by strangers nor the size of
 * the generated code can lead it astray. Annotations are left out; every reference goes to a definition named by
 * us; parts that would make one function too large become definitions too; each subschema counts its work.
 *
 * Judge 1 is bound to these limits: a schema that an engine's stack could be too small for would be judged one way
 * here and another way there.
 */
import type { Json } from '../ledger/types.js';
import { insideOut, loopsOf } from './graph.js';
import { referencesOf, type Target } from './references.js';
import { SchemaRefused, type Child, type JsonObject, type Place, type Survey } from './survey.js';
import {
  ASSERTION_KEYWORDS,
  DEFINITION_KEYWORDS,
  IN_PLACE_KEYWORDS,
  LOOPING_KEYWORDS,
  META_SCHEMA,
} from './vocabulary.js';

/** What the keyword `work` holds, see keywords.ts. */
export interface WorkPerValue {
  readonly steps: number;
  /** the same where all that is wrong is gathered: every keyword, and every name that is missing, may give an error */
  readonly stepsForReasons: number;
  /** whether steps come on top for each item, member or character */
  readonly loops: boolean;
}

/** Subschemas and keywords that one function holds before the next subschema becomes one of its own. */
const FUNCTION_SIZE = 300;

/** What calling a function costs in stack, as if it had so many more subschemas and keywords. */
const CALL_SIZE = 10;

/** All that can be on the stack at once; each takes some 24 bytes of it, and an engine has 984 KB. */
const MAX_STACK = 20_000;

/** Levels that a value has: so often a part that refers to itself can be on the stack. */
const LEVELS = 64;

/** A part of the normal form, and the definitions that it refers to. */
interface Part {
  readonly schema: JsonObject | boolean;
  /** subschemas and keywords in it */
  readonly size: number;
  readonly refersTo: readonly Reference[];
}

interface Reference {
  readonly definition: number;
  /** whether the same value is judged by it */
  readonly inPlace: boolean;
}

export interface Definition {
  /** what references to it say */
  readonly name: string;
  readonly schema: JsonObject | boolean;
}

/**
 * @returns definitions, each before those that refer to it as far as they do not refer to each other: compiled in this
 *   order, none waits for another inside of it. The schema itself is the one named ROOT.
 * @throws SchemaRefused
 */
export function normalFormOf(survey: Survey): readonly Definition[] {
  const writer = new Writer(survey);
  writer.write();
  const { parts } = writer;
  refuseEndless(parts);
  return insideOut(edgesOf(parts)).flatMap((definition) => {
    const part = parts[definition];
    return part === undefined ? [] : [{ name: nameOf(definition), schema: part.schema }];
  });
}

function nameOf(definition: number): string {
  return `definition-${definition}`;
}

export const ROOT = nameOf(0);

class Writer {
  /** by number of the definition; the root is 0 */
  readonly parts: Part[] = [];
  private count: number;
  private readonly survey: Survey;
  private readonly references = new Map<Place, readonly Target[]>();
  private readonly definitions = new Map<Place, number>();

  constructor(survey: Survey) {
    this.survey = survey;
    this.define(survey.root);
    this.collect(survey.root);
    this.count = this.definitions.size;
  }

  write(): void {
    for (const [place, definition] of this.definitions) this.parts[definition] = this.part(place);
  }

  private define(place: Place): void {
    if (!this.definitions.has(place)) this.definitions.set(place, this.definitions.size);
  }

  private collect(place: Place): void {
    const targets = referencesOf(place, this.survey);
    this.references.set(place, targets);
    for (const target of targets) if (target !== 'meta-schema') this.define(target);
    for (const child of place.children) this.collect(child.place);
  }

  private part(place: Place): Part {
    const { schema, children } = place;
    if (typeof schema === 'boolean') return { schema, size: 1, refersTo: [] };
    const members: Record<string, Json> = {};
    const refersTo: Reference[] = [];
    let size = 1 + Object.keys(schema.dependentRequired ?? {}).length;
    for (const [keyword, value] of Object.entries(schema)) {
      if (!ASSERTION_KEYWORDS.has(keyword)) continue;
      members[keyword] = value;
      size++;
    }
    const applied = children.filter(({ keyword }) => !DEFINITION_KEYWORDS.has(keyword));
    for (const child of applied) {
      const part = this.child(child, size);
      size += part.size;
      const inPlace = IN_PLACE_KEYWORDS.has(child.keyword);
      refersTo.push(...part.refersTo.map((each) => ({ ...each, inPlace: inPlace && each.inPlace })));
      put(members, child, part.schema);
    }
    for (const target of this.references.get(place) ?? []) {
      const reference = this.reference(target);
      if (reference !== null) refersTo.push({ definition: reference, inPlace: true });
      const ref = reference === null ? META_SCHEMA : nameOf(reference);
      if (!('$ref' in members)) members.$ref = ref;
      else members.allOf = [...((members.allOf ?? []) as readonly Json[]), { $ref: ref }];
    }
    if (Object.keys(members).length === 0) return { schema: true, size: 1, refersTo: [] };
    return { schema: { work: workOf(schema, applied), ...members }, size, refersTo };
  }

  private child({ place }: Child, sizeSoFar: number): Part {
    const definition = this.definitions.get(place);
    if (definition !== undefined) return referring(definition);
    const part = this.part(place);
    if (part.size === 1 || sizeSoFar + part.size <= FUNCTION_SIZE) return part;
    const own = this.count++;
    this.parts[own] = part;
    return referring(own);
  }

  private reference(target: Target): number | null {
    return target === 'meta-schema' ? null : (this.definitions.get(target) ?? null);
  }
}

function referring(definition: number): Part {
  return { schema: { $ref: nameOf(definition) }, size: 1, refersTo: [{ definition, inPlace: true }] };
}

function put(members: Record<string, Json>, { keyword, name }: Child, schema: Json): void {
  if (name === null) {
    members[keyword] = schema;
  } else if (keyword === 'properties' || keyword === 'patternProperties' || keyword === 'dependentSchemas') {
    members[keyword] = { ...(members[keyword] as JsonObject | undefined), [name]: schema };
  } else {
    members[keyword] = [...((members[keyword] ?? []) as readonly Json[]), schema];
  }
}

function workOf(schema: JsonObject, applied: readonly Child[]): JsonObject {
  const { required, dependentRequired } = schema;
  const names = [required ?? [], ...Object.values((dependentRequired ?? {}) as JsonObject)].flat().length;
  const assertions = Object.keys(schema).filter((keyword) => ASSERTION_KEYWORDS.has(keyword)).length;
  const work: WorkPerValue = {
    steps: 1 + applied.length + (names >> 3),
    stepsForReasons: 1 + applied.length + assertions + names,
    loops: Object.keys(schema).some((keyword) => LOOPING_KEYWORDS.has(keyword)),
  };
  return { ...work };
}

function edgesOf(parts: readonly Part[], inPlaceOnly = false): readonly (readonly number[])[] {
  return parts.map(({ refersTo }) =>
    refersTo.filter(({ inPlace }) => inPlace || !inPlaceOnly).map(({ definition }) => definition),
  );
}

function refuseEndless(parts: readonly Part[]): void {
  if (loopsOf(edgesOf(parts, true)).length > 0) {
    const detail = 'must not refer back to itself without going deeper into the value';
    throw new SchemaRefused([], '$ref', detail);
  }
  const sizeOf = (part: Part | undefined): number => (part?.size ?? 0) + CALL_SIZE;
  let stack = parts.reduce((sum, part) => sum + sizeOf(part), 0);
  for (const loop of loopsOf(edgesOf(parts))) {
    for (const definition of loop) stack += (LEVELS - 1) * sizeOf(parts[definition]);
  }
  if (stack > MAX_STACK) {
    const detail =
      'must be smaller, above all where it refers back to itself: judging by it is too deep a recursion';
    throw new SchemaRefused([], 'size', detail);
  }
}
