/** CloudEvents as JSON Schema, for the routes that take and give them. */
import type { TSchema } from 'typebox';
import { CLOUDEVENT_TYPE, CLOUDEVENTS_TYPE, JSON_TYPE } from '../documents.js';
import { Type } from '../json-schema.js';

const orUnset = (schema: object) => ({ anyOf: [schema, { type: 'null' }] });

const text = (description: string) => ({ type: 'string', minLength: 1, maxLength: 512, description });

const REQUIRED = {
  specversion: { type: 'string', const: '1.0' },
  id: text('the identity within the source'),
  source: { ...text('who reports'), format: 'uri-reference' },
  type: text('what happened'),
};

const OPTIONAL = {
  datacontenttype: { type: 'string', description: 'the media type of the data; JSON where it is not told' },
  dataschema: { type: 'string', format: 'uri' },
  subject: text('what it is about'),
  time: { type: 'string', format: 'date-time', description: 'when it happened' },
};

const EXTENSION = [
  { type: 'string' },
  { type: 'boolean' },
  { type: 'integer', minimum: -(2 ** 31), maximum: 2 ** 31 - 1 },
];

const DATA = {
  data: { description: 'a JSON value; a string where datacontenttype is not that of JSON' },
};

const DATA_BASE64 = { type: 'string', contentEncoding: 'base64', description: 'bytes; not beside `data`' };

const NAMES = { pattern: '^([a-z0-9]+|data_base64)$' };

/** As it is sent: what is null is not set. */
export const SubmittedCloudEvent = Type.Unknown({
  type: 'object',
  required: Object.keys(REQUIRED),
  properties: {
    ...REQUIRED,
    ...Object.fromEntries(Object.entries(OPTIONAL).map(([name, schema]) => [name, orUnset(schema)])),
    ...DATA,
    data_base64: orUnset(DATA_BASE64),
  },
  propertyNames: NAMES,
  additionalProperties: { anyOf: [...EXTENSION, { type: 'null' }], description: 'an extension attribute' },
  description: 'CloudEvents 1.0, JSON Event Format',
});

/** As it is answered. */
export const CloudEvent = Type.Unknown({
  type: 'object',
  required: Object.keys(REQUIRED),
  properties: { ...REQUIRED, ...OPTIONAL, ...DATA, data_base64: DATA_BASE64 },
  propertyNames: NAMES,
  additionalProperties: { anyOf: EXTENSION, description: 'an extension attribute' },
  not: { required: ['data', 'data_base64'] },
  description: 'CloudEvents 1.0, JSON Event Format',
});

/** An answer with one event, also as a CloudEvent where the client asks for that. */
export const orCloudEvent = (schema: TSchema, description: string) => ({
  description,
  content: { [JSON_TYPE]: { schema }, [CLOUDEVENT_TYPE]: { schema: CloudEvent } },
});

/** An answer with many events, also as a batch of CloudEvents. */
export const orCloudEvents = (schema: TSchema, description: string) => ({
  description,
  content: { [JSON_TYPE]: { schema }, [CLOUDEVENTS_TYPE]: { schema: Type.Array(CloudEvent) } },
});

/** The header fields of an event in binary mode. */
export const BINARY_FIELDS = Object.fromEntries(
  Object.entries({
    'ce-specversion': 'binary mode: 1.0',
    'ce-id': 'binary mode: the identity within the source',
    'ce-source': 'binary mode: who reports',
    'ce-type': 'binary mode: what happened',
  }).map(([name, description]) => [name, Type.Optional(Type.String({ description }))]),
);
