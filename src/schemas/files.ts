/** Schema files, and how they are registered at start. */
import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalBytes } from '../ledger/canonical-json.js';
import { LedgerError } from '../ledger/error.js';
import { sha256 } from '../ledger/hash.js';
import { eventIdFor } from '../ledger/identity.js';
import { encodeMetadata } from '../ledger/metadata.js';
import { parseStrictJson } from '../ledger/strict-json.js';
import type { EventId, Hash, Instant, Json, Revision, StreamEvent } from '../ledger/types.js';
import { CompiledSchemas } from './compiled-schemas.js';
import { typeOfFile } from './file-name.js';
import { CURRENT_JUDGE } from './judge.js';
import { readRegistration, registrationData, REGISTRATION_TYPE, SCHEMAS_SOURCE } from './registration.js';
import { schemaHash } from './registry.js';

/** A schema that may judge, and the type that it is for. */
export interface SchemaFile {
  readonly type: string;
  readonly schema: Json;
  /** of the canonical schema */
  readonly hash: Hash;
}

/** What registering needs of an event log; see its port. */
export interface RegistrationLog {
  readSource(source: string): AsyncIterable<StreamEvent>;
  append(
    source: string,
    candidates: readonly {
      readonly id: EventId;
      readonly type: string;
      readonly data: Buffer;
      readonly metadata: Buffer;
      readonly fresh: boolean;
    }[],
    options: { readonly since: Revision },
  ): Promise<unknown>;
}

/**
 * All schemas of a directory, in the order of their types. Files that do not end in `.json` are left alone.
 * @param compiled keeps what was compiled, for whoever judges by the schemas later
 * @throws LedgerError `invalid-configuration` that names every file that is wrong, and why
 */
export async function readSchemaFiles(
  directory: string,
  compiled = new CompiledSchemas(),
): Promise<readonly SchemaFile[]> {
  const names = (await readNames(directory)).filter((name) => name.endsWith('.json'));
  const files: SchemaFile[] = [];
  const mistakes: string[] = [];
  for (const name of names) {
    const read = await readSchemaFile(directory, name, compiled);
    if (typeof read === 'string') mistakes.push(`${join(directory, name)}: ${read}`);
    else files.push(read);
  }
  if (mistakes.length > 0) throw new LedgerError('invalid-configuration', mistakes.join('\n'));
  return files.sort((a, b) => (a.type < b.type ? -1 : 1));
}

async function readNames(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    throw new LedgerError('invalid-configuration', `the schemas in ${directory} cannot be read`, {
      cause: error,
    });
  }
}

/** @returns what is wrong with the file, in words, when it holds no schema that may judge */
async function readSchemaFile(
  directory: string,
  name: string,
  compiled: CompiledSchemas,
): Promise<SchemaFile | string> {
  const type = typeOfFile(name);
  if (type === null) return 'must be named <type>.schema.json, other characters than A-Za-z0-9._- as %XX';
  const bytes = await readFile(join(directory, name)).catch(() => null);
  if (bytes === null) return 'cannot be read';
  const parsed = parseStrictJson(bytes);
  if (!parsed.ok) return `${parsed.problem.pointer} ${parsed.problem.detail}`.trim();
  const schema = parsed.value;
  const canonical = canonicalBytes(schema);
  const hash = sha256(canonical);
  const admission = compiled.get(hash, CURRENT_JUDGE, canonical.length, () => schema);
  if (admission.ok) return { type, schema, hash };
  const { pointer, detail } = admission.problem;
  return `${pointer === '' ? 'the schema' : pointer} ${detail}`;
}

/**
 * Append a registration for every file whose exact content was never registered for its type. What was registered
 * since, by whomever, stays in force. Safe to repeat, and for several processes at once: the registration of one
 * content for one type has one id.
 * @returns the types that were registered
 * @throws LedgerError of the event log; then some may have been registered
 */
export async function registerSchemas(
  log: RegistrationLog,
  files: readonly SchemaFile[],
  options: { readonly now: () => Instant; readonly recordedBy?: string },
): Promise<readonly string[]> {
  const missing = new Map(files.map((file) => [contentKey(file.type, file.hash), file]));
  let next = 0;
  for await (const event of log.readSource(SCHEMAS_SOURCE)) {
    next = event.revision + 1;
    const key = registeredBy(event);
    if (key !== null) missing.delete(key);
  }
  if (missing.size === 0) return [];
  const candidates = Array.from(missing, ([key, { type, schema }]) => ({
    id: eventIdFor(SCHEMAS_SOURCE, key),
    type: REGISTRATION_TYPE,
    data: registrationData(type, schema),
    metadata: encodeMetadata({
      v: 1,
      recordedAt: options.now(),
      occurredAt: null,
      recordedBy: options.recordedBy ?? 'event-ledger',
      actor: null,
      salt: randomBytes(16).toString('hex'),
    }),
    fresh: false,
  }));
  await log.append(SCHEMAS_SOURCE, candidates, { since: next as Revision });
  return Array.from(missing.values(), ({ type }) => type);
}

function contentKey(type: string, hash: Hash): string {
  return `${hash} ${type}`;
}

function registeredBy({ type, data }: StreamEvent): string | null {
  if (type !== REGISTRATION_TYPE) return null;
  const payload = parseStrictJson(data);
  const registration = payload.ok ? readRegistration(payload.value) : null;
  // another judge's registration was rejected
  if (registration?.judge !== CURRENT_JUDGE) return null;
  return contentKey(registration.type, schemaHash(registration.schema));
}
