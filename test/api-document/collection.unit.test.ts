import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { collectionOf } from './collection.js';
import { describeApi } from './document.js';

const text = { type: 'string' };
const list = (items: object) => ({ type: 'array', items });
const object = (required: object, optional: object = {}) => ({
  ...{ type: 'object', required: Object.keys(required), properties: { ...required, ...optional } },
  additionalProperties: false,
});

const setting = object(
  { key: text, value: text },
  { type: text, description: text, disabled: { type: 'boolean' } },
);
const auth = object({ type: { enum: ['basic', 'noauth'] } }, { basic: list(setting) });
const url = object({
  raw: text,
  host: list(text),
  path: list(text),
  query: list(setting),
  variable: list(setting),
});
const body = object({
  mode: { const: 'raw' },
  raw: { type: 'string', minLength: 1 },
  options: object({ raw: object({ language: { const: 'json' } }) }),
});
const request = object(
  { method: { enum: ['GET', 'POST', 'PUT', 'DELETE'] }, header: list(setting), url },
  { body, description: text, auth },
);
const item = object({ name: { type: 'string', minLength: 1 }, request, response: list({}) });

/** What of Postman Collection Format 2.1.0 it uses. */
const FORMAT = object({
  info: object({
    _postman_id: { type: 'string', pattern: '^[0-9a-f-]{36}$' },
    name: text,
    description: text,
    schema: { const: 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json' },
  }),
  item: list(object({ name: text, description: text, item: { ...list(item), minItems: 1 } })),
  auth,
  variable: list(setting),
});

interface Requests {
  readonly item: readonly {
    readonly item: readonly {
      readonly request: { readonly method: string; readonly url: { readonly path: readonly string[] } };
    }[];
  }[];
}

describe('docs/event-ledger.postman_collection.json', () => {
  const file = new URL('../../docs/event-ledger.postman_collection.json', import.meta.url);
  const written = JSON.parse(readFileSync(file, 'utf8')) as Requests;

  it('is what /openapi.json gives; npm run collection writes it anew', async () => {
    expect(written).toEqual(JSON.parse(JSON.stringify(collectionOf(await describeApi('0.0.0')))));
  });

  it('has the form that Postman, Bruno and Insomnia import, and no password', () => {
    const validate = new Ajv2020().compile(FORMAT);
    validate(written);
    expect(validate.errors ?? []).toEqual([]);
    expect(written).toMatchObject({
      variable: [{ key: 'baseUrl' }, { key: 'user', value: 'admin' }, { key: 'password', value: '' }],
    });
  });

  it('has every operation', async () => {
    const { paths } = await describeApi('0.0.0');
    const requests = written.item.flatMap(({ item: requestsOf }) =>
      requestsOf.map(
        ({
          request: {
            method,
            url: { path },
          },
        }) => `${method} /${path.join('/')}`,
      ),
    );
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
    );
    expect([...new Set(requests)].sort()).toEqual(operations.sort());
  });
});
