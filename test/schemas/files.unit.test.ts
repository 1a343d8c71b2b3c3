import { mkdtempSync, rmSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeMetadata } from '../../src/ledger/metadata.js';
import type { EventId, Instant, Json, RecordedEvent } from '../../src/ledger/types.js';
import {
  readSchemaFiles,
  registerSchemas,
  type RegistrationLog,
  type SchemaFile,
} from '../../src/schemas/files.js';
import { registrationData } from '../../src/schemas/registration.js';
import { schemaHash } from '../../src/schemas/registry.js';
import { recorded } from './events.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'schemas-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
}

describe('schema files', () => {
  it('are read with the types that their names say, in order', async () => {
    write({ 'b%2Fc.schema.json': '{"type":"object"}', 'a.schema.json': 'true', 'README.md': 'text' });
    expect(await readSchemaFiles(directory)).toEqual([
      { type: 'a', schema: true, hash: schemaHash(true) },
      { type: 'b/c', schema: { type: 'object' }, hash: schemaHash({ type: 'object' }) },
    ]);
  });

  it('that are wrong are all named, each with its reason', async () => {
    write({
      'good.schema.json': 'true',
      'no-json.schema.json': '{',
      'twice.schema.json': '{"type":"object","type":"array"}',
      'bad.schema.json': '{"items":{"pattern":"(a+)+"}}',
      'customer.json': 'true',
    });
    mkdirSync(join(directory, 'folder.schema.json'));
    const message = await readSchemaFiles(directory).then(
      () => '',
      (error: unknown) => String(error),
    );
    const lines = message.split('\n');
    expect(lines).toHaveLength(5);
    expect(message).toMatch(/bad\.schema\.json: \/items\/pattern has a repeat/);
    expect(message).toMatch(/twice\.schema\.json: \/type must not be given twice/);
    expect(message).toMatch(/no-json\.schema\.json: .*line 1/);
    expect(message).toMatch(/customer\.json: must be named <type>\.schema\.json/);
    expect(message).toMatch(/folder\.schema\.json: cannot be read/);
  });

  it('must be somewhere', async () => {
    await expect(readSchemaFiles(join(directory, 'none'))).rejects.toMatchObject({
      code: 'invalid-configuration',
    });
  });
});

describe('at start', () => {
  const now = (): Instant => '2026-11-20T10:00:00.000Z' as Instant;
  const file = (type: string, schema: Json): SchemaFile => ({ type, schema, hash: schemaHash(schema) });

  /** The source `_schemas` of a log, which keeps each id once. */
  function log(): RegistrationLog & {
    readonly stream: RecordedEvent[];
    register(type: string, schema: Json): void;
  } {
    const stream: RecordedEvent[] = [];
    const take = (id: string, event: Partial<RecordedEvent>): void => {
      if (stream.some((each) => each.id === id)) return;
      const place = recorded({ source: '_schemas', type: 'schema.registered', revision: stream.length });
      stream.push({ ...place, ...event, id: id as EventId });
    };
    return {
      stream,
      register: (type, schema) => take(`operator ${stream.length}`, { data: registrationData(type, schema) }),
      readSource: () => Readable.from([...stream]),
      append: (_, candidates) => {
        for (const { id, type, data, metadata } of candidates) take(id, { type, data, metadata });
        return Promise.resolve();
      },
    };
  }

  it('files are registered that never were, as events of the ledger’s own', async () => {
    const schemas = log();
    expect(await registerSchemas(schemas, [file('a', true), file('b', { type: 'null' })], { now })).toEqual([
      'a',
      'b',
    ]);
    expect(schemas.stream.map(({ type, data }) => [type, String(data)])).toEqual([
      ['schema.registered', '{"judge":1,"schema":true,"type":"a"}'],
      ['schema.registered', '{"judge":1,"schema":{"type":"null"},"type":"b"}'],
    ]);
    const metadata = decodeMetadata(schemas.stream[0]?.metadata ?? Buffer.alloc(0));
    expect(metadata).toMatchObject({ recordedAt: now(), recordedBy: 'event-ledger', occurredAt: null });
  });

  it('nothing is registered again, also not when something else was since', async () => {
    const schemas = log();
    await registerSchemas(schemas, [file('a', true)], { now });
    schemas.register('a', false);
    expect(await registerSchemas(schemas, [file('a', true)], { now })).toEqual([]);
    expect(schemas.stream).toHaveLength(2);
  });

  it('a file that changed is registered, and going back to the old one is not', async () => {
    const schemas = log();
    await registerSchemas(schemas, [file('a', true)], { now });
    expect(await registerSchemas(schemas, [file('a', { minimum: 1 })], { now })).toEqual(['a']);
    expect(await registerSchemas(schemas, [file('a', true)], { now })).toEqual([]);
  });

  it('the same content for another type, and what was registered in vain, count for nothing', async () => {
    const schemas = log();
    schemas.register('b', true);
    schemas.stream.push(
      recorded({ source: '_schemas', type: 'other', data: registrationData('a', true), revision: 1 }),
      recorded({ source: '_schemas', type: 'schema.registered', data: 'nonsense', revision: 2 }),
      recorded({
        source: '_schemas',
        type: 'schema.registered',
        payload: { type: 'a', schema: true, judge: 9 },
        revision: 3,
      }),
    );
    expect(await registerSchemas(schemas, [file('a', true)], { now })).toEqual(['a']);
  });

  it('two processes that start at once register once', async () => {
    const schemas = log();
    const files = [file('a', true), file('b', true)];
    await Promise.all([registerSchemas(schemas, files, { now }), registerSchemas(schemas, files, { now })]);
    expect(schemas.stream).toHaveLength(2);
  });
});
