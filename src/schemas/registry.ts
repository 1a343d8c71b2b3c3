/**
 * Which schema is in force: for each type the latest accepted registration. Fed with entries in index order, it says
 * what an event right after the last of them is judged by.
 */
import { canonicalBytes } from '../ledger/canonical-json.js';
import { sha256 } from '../ledger/hash.js';
import { parseStrictJson } from '../ledger/strict-json.js';
import type { Entry, Hash, Header, Index, Json, Revision } from '../ledger/types.js';
import { CompiledSchemas } from './compiled-schemas.js';
import type { CompiledSchema } from './judge.js';
import {
  DEFAULT_TYPE,
  readRegistration,
  REGISTRATION_TYPE,
  SCHEMAS_SOURCE,
  type Registration,
} from './registration.js';

/** A schema that was registered, and where. */
export interface Registered {
  readonly type: string;
  /** hash of the canonical schema */
  readonly hash: Hash;
  readonly judge: number;
  /** the registration's place in the ledger, and in `_schemas` */
  readonly index: Index;
  readonly revision: Revision;
  /** the canonical schema */
  readonly bytes: Buffer;
}

/** As much of an entry as a registration needs. */
export type RegistrationEntry = Pick<Entry, 'data'> & {
  readonly header: Pick<Header, 'source' | 'type' | 'verdict' | 'index' | 'revision'>;
};

export class SchemaRegistry {
  private readonly latest = new Map<string, Registered>();
  private readonly compiled: CompiledSchemas;

  /** @param compiled shared between registries that follow each other */
  constructor(compiled: CompiledSchemas = new CompiledSchemas()) {
    this.compiled = compiled;
  }

  /** The number of types that have a schema. */
  get size(): number {
    return this.latest.size;
  }

  /** Take an entry into account. What is no accepted registration changes nothing; nor does one applied before. */
  apply(entry: RegistrationEntry): void {
    const { source, type, verdict, index, revision } = entry.header;
    if (source !== SCHEMAS_SOURCE || type !== REGISTRATION_TYPE || verdict !== 'accepted') return;
    const registration = registrationIn(entry.data);
    if (registration === null) return;
    const before = this.latest.get(registration.type);
    if (before !== undefined && before.index >= index) return;
    const bytes = canonicalBytes(registration.schema);
    const { judge } = registration;
    this.latest.set(registration.type, {
      ...{ type: registration.type, hash: sha256(bytes), judge },
      ...{ index, revision, bytes },
    });
  }

  /** The latest registration of a type itself. */
  registered(type: string): Registered | null {
    return this.latest.get(type) ?? null;
  }

  /** All types that have a schema, in the order of their names. */
  list(): readonly Registered[] {
    return [...this.latest.values()].sort((a, b) => (a.type < b.type ? -1 : 1));
  }

  /** The schema that judges events of a type: its own, else that of `_default`; null when there is neither. */
  inForce(type: string): CompiledSchema | null {
    const registered = this.latest.get(type) ?? this.latest.get(DEFAULT_TYPE);
    if (registered === undefined) return null;
    const { hash, judge, bytes } = registered;
    const admission = this.compiled.get(hash, judge, bytes.length, () => schemaIn(bytes));
    return admission.ok ? admission.schema : refusing(hash);
  }

  /** Whether a schema may judge; what was found is kept for when it does. */
  admits({ schema, judge }: Registration): boolean {
    const bytes = canonicalBytes(schema);
    return this.compiled.get(sha256(bytes), judge, bytes.length, () => schema).ok;
  }
}

/** SHA-256 of the canonical schema. */
export function schemaHash(schema: Json): Hash {
  return sha256(canonicalBytes(schema));
}

function registrationIn(data: Buffer): Registration | null {
  const parsed = parseStrictJson(data);
  return parsed.ok ? readRegistration(parsed.value) : null;
}

function schemaIn(bytes: Buffer): Json {
  return JSON.parse(bytes.toString('utf8')) as Json;
}

/** An entry that says `accepted` of a schema that the judge does not take was not written by us: it accepts nothing. */
function refusing(hash: Hash): CompiledSchema {
  const problem = { pointer: '', keyword: 'schema', detail: 'is judged by a schema that does not compile' };
  return { hash, takesAll: false, accepts: () => false, validate: () => [problem] };
}
