/** What the shapes of requests and answers are made of, as JSON Schema. */
import type { TProperties, TSchema } from 'typebox';
import { Type } from './json-schema.js';

/** An object without further members. */
export const closed = <Properties extends TProperties>(properties: Properties, description?: string) =>
  Type.Object(properties, {
    additionalProperties: false,
    ...(description === undefined ? {} : { description }),
  });

/** A shape that is written once in /openapi.json, under this name, and referred to. */
export const named = <Schema extends TSchema>(title: string, schema: Schema): Schema => ({
  ...schema,
  title,
});

export const orNull = <Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);

export const count = (description?: string) =>
  Type.Integer({ minimum: 0, ...(description === undefined ? {} : { description }) });

export const HashText = Type.String({ pattern: '^[0-9a-f]{64}$', description: 'SHA-256 in hex' });
export const InstantText = Type.String({
  pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$',
  description: 'UTC with milliseconds',
});
export const EventIdText = Type.String({ pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' });
export const Revision = count("0-based place in the source's stream");
export const IndexNumber = count('0-based place in the ledger');
export const anyJson = (description: string) => Type.Unknown({ description });
