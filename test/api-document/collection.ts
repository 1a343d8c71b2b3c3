/** The API as a collection of requests (Postman Collection Format 2.1), which Postman, Bruno and Insomnia import. */
import type { OpenApi, Operation, Parameter } from '../support/open-api.js';

const FORMAT = 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json';
/** Whoever imports it again replaces it. */
const ID = '7d9f3c0e-4b0a-5b57-9d52-6f1f2b8e6c11';

export interface Collection {
  readonly info: object;
  readonly item: readonly Folder[];
  readonly auth: object;
  readonly variable: readonly object[];
}

interface Folder {
  readonly name: string;
  readonly description: string;
  readonly item: readonly object[];
}

interface Body {
  /** what it shows */
  readonly name: string;
  readonly type: string;
  readonly text: string;
}

/** A folder for each tag, and in it a request for each operation, or for each example of its body. */
export function collectionOf({ info, tags = [], paths }: OpenApi): Collection {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  return {
    info: { _postman_id: ID, name: info.title, description: info.description, schema: FORMAT },
    item: tags.map(({ name, description = '' }) => ({
      name,
      description,
      item: operations
        .filter(({ operation }) => operation.tags?.includes(name))
        .flatMap(({ path, method, operation }) => requestsOf(path, method.toUpperCase(), operation)),
    })),
    auth: {
      type: 'basic',
      basic: [
        { key: 'username', value: '{{user}}', type: 'string' },
        { key: 'password', value: '{{password}}', type: 'string' },
      ],
    },
    variable: [
      { key: 'baseUrl', value: 'http://127.0.0.1:8080', type: 'string' },
      { key: 'user', value: 'admin', type: 'string' },
      // to be filled in where it is used, and kept there
      { key: 'password', value: '', type: 'string' },
    ],
  };
}

function requestsOf(path: string, method: string, operation: Operation): readonly object[] {
  const { summary = '', description, security } = operation;
  const request = (body: Body | null): object => ({
    method,
    header: headersOf(operation, body),
    url: urlOf(path, operation.parameters ?? []),
    ...(body === null
      ? {}
      : { body: { mode: 'raw', raw: body.text, options: { raw: { language: 'json' } } } }),
    ...(description === undefined ? {} : { description }),
    ...(security?.length === 0 ? { auth: { type: 'noauth' } } : {}),
  });
  const bodies = bodiesOf(operation);
  if (bodies.length === 0) return [{ name: summary, request: request(null), response: [] }];
  return bodies.map((body) => ({ name: `${summary}: ${body.name}`, request: request(body), response: [] }));
}

function bodiesOf({ requestBody }: Operation): readonly Body[] {
  return Object.entries(requestBody?.content ?? {}).flatMap(([type, { examples = {} }]) =>
    Object.values(examples).map(({ summary = type, value }) => ({
      name: summary,
      type,
      text: typeof value === 'string' ? value : JSON.stringify(value, null, 2),
    })),
  );
}

function headersOf({ parameters = [] }: Operation, body: Body | null): readonly object[] {
  const optional = parameters
    .filter((parameter) => parameter.in === 'header')
    .map(({ name, description }) => ({ key: name, value: '', description, disabled: true }));
  return [...(body === null ? [] : [{ key: 'Content-Type', value: body.type }]), ...optional];
}

/** What may be asked for is there, and switched off. */
function urlOf(path: string, parameters: readonly Parameter[]): object {
  const segments = path
    .slice(1)
    .split('/')
    .map((segment) => segment.replace(/^\{(\w+)\}$/, ':$1'));
  const described = (place: Parameter['in']): readonly Parameter[] =>
    parameters.filter((parameter) => parameter.in === place);
  return {
    raw: `{{baseUrl}}/${segments.join('/')}`,
    host: ['{{baseUrl}}'],
    path: segments,
    query: described('query').map(({ name, description, schema }) => ({
      key: name,
      value: schema.default === undefined ? '' : String(schema.default as string | number),
      description,
      disabled: true,
    })),
    variable: described('path').map(({ name, description, example }) => ({
      key: name,
      value: String(example as string | number),
      description,
    })),
  };
}
