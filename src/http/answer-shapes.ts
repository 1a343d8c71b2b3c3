/** How an answer is described that is more than a JSON body: other media types, many values, header fields. */
import type { TSchema } from 'typebox';
import { NDJSON_TYPE } from './documents.js';
import { Type } from './json-schema.js';

/** A body in another form than JSON. */
export const content = (type: string, schema: TSchema, description: string) => ({
  description,
  content: { [type]: { schema } },
});

/** Header fields by name, and what they say. */
export type HeaderDescriptions = Readonly<Record<string, string>>;

/** An answer that comes with header fields. */
export const withHeaders = <Answer extends object>(answer: Answer, headers: HeaderDescriptions) => ({
  ...answer,
  headers: {
    ...('headers' in answer ? (answer.headers as object) : {}),
    ...Object.fromEntries(
      Object.entries(headers).map(([name, description]) => [name, { type: 'string', description }]),
    ),
  },
});

/**
 * A body that is many values, one after the other: lines, or messages. OpenAPI 3.1 has only text for it; what each value
 * is stands under the name that 3.2 has for that.
 */
export const itemsOf = (schema: TSchema) => Type.String({ 'x-itemSchema': schema });

export const lines = (schema: TSchema, description: string) =>
  content(NDJSON_TYPE, itemsOf(schema), description);
