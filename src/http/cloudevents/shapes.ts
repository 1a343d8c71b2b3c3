/** CloudEvents as JSON Schema, for the routes that take and give them. */
import type { TSchema } from 'typebox';
import { CLOUDEVENT_TYPE, CLOUDEVENTS_TYPE, JSON_TYPE } from '../documents.js';
import { Type } from '../json-schema.js';
import { ijson, name, NO_CONTROLS, text } from '../text-shapes.js';
import { SPEC_VERSION } from './attributes.js';
import { TOKEN } from './media-type.js';

const orUnset = (schema: object) => ({ anyOf: [schema, { type: 'null' }] });

const MEDIA_TYPE = {
  type: 'string',
  pattern: `^${TOKEN}/${TOKEN}[ \\t]*(;[ \\t]*${TOKEN}=(${TOKEN}|"([\\t !#-\\[\\]-~]|\\\\[\\t -~])*")[ \\t]*)*$`,
  description: 'the media type of the data; JSON where it is not told',
};
const NOT_JSON = {
  required: ['datacontenttype'],
  properties: {
    datacontenttype: { type: 'string', not: { pattern: '^[^;]*[/+][Jj][Ss][Oo][Nn][ \\t]*(;|$)' } },
  },
};

const REQUIRED = {
  specversion: { type: 'string', const: SPEC_VERSION },
  id: text('the identity within the source'),
  source: { allOf: [name('who reports')], format: 'uri-reference' },
  type: name('what happened'),
};

const OPTIONAL = {
  datacontenttype: MEDIA_TYPE,
  dataschema: { type: 'string', format: 'uri', minLength: 1 },
  subject: text('what it is about'),
  time: { type: 'string', format: 'date-time', description: 'when it happened' },
};

const EXTENSION = [
  { type: 'string', ...NO_CONTROLS },
  { type: 'boolean' },
  { type: 'integer', minimum: -(2 ** 31), maximum: 2 ** 31 - 1 },
];

const DATA = ijson('a JSON value; a string where datacontenttype is not that of JSON');

const DATA_BASE64 = {
  type: 'string',
  pattern: '^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$',
  description: 'bytes in Base64 (RFC 4648, 4); not beside `data`',
};

const NAMES = { pattern: '^([a-z0-9]+|data_base64)$' };

/** As it is sent: what is null is not set. */
export const SubmittedCloudEvent = Type.Unknown({
  title: 'SubmittedCloudEvent',
  type: 'object',
  required: Object.keys(REQUIRED),
  properties: {
    ...REQUIRED,
    ...Object.fromEntries(Object.entries(OPTIONAL).map(([name, schema]) => [name, orUnset(schema)])),
    actor: orUnset(text('who did it, as the producer says')),
    data: DATA,
    data_base64: orUnset(DATA_BASE64),
  },
  not: { required: ['data', 'data_base64'], properties: { data: {}, data_base64: { type: 'string' } } },
  if: NOT_JSON,
  then: { properties: { data: { type: 'string' } } },
  propertyNames: NAMES,
  additionalProperties: { anyOf: [...EXTENSION, { type: 'null' }], description: 'an extension attribute' },
  description: 'CloudEvents 1.0, JSON Event Format',
});

/** As it is answered. */
export const CloudEvent = Type.Unknown({
  title: 'CloudEvent',
  type: 'object',
  required: Object.keys(REQUIRED),
  properties: {
    specversion: REQUIRED.specversion,
    id: { type: 'string' },
    source: { type: 'string', description: 'who reported; a URI-reference, unless another program wrote it' },
    type: { type: 'string' },
    ...OPTIONAL,
    data: { description: 'a JSON value; a string where datacontenttype is not that of JSON' },
    data_base64: DATA_BASE64,
  },
  propertyNames: NAMES,
  additionalProperties: { anyOf: EXTENSION, description: 'an extension attribute' },
  not: { required: ['data', 'data_base64'], properties: { data: {}, data_base64: {} } },
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
