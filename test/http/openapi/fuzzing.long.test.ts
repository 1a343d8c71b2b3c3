import { Ajv2020 } from 'ajv/dist/2020.js';
import { fullFormats } from 'ajv-formats/dist/formats.js';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isUri, isUriReference } from '../../../src/http/cloudevents/uri.js';
import { describeApi } from '../../api-document/document.js';
import { event, startApi, type Answer, type TestApi } from '../../support/api.js';
import type { Operation, Parameter, Schema } from '../../support/open-api.js';
import { changed, valuesOf } from '../../support/open-api-arbitraries.js';

interface Problem {
  readonly code: string;
  readonly detail: string;
  readonly errors?: readonly { readonly parameter?: string; readonly keyword: string }[];
  readonly results?: readonly { readonly status: number }[];
}

/** What a request that is as it is described may be answered all the same: it depends on what is recorded. */
const DEPENDS: readonly number[] = [403, 404, 409, 429];

/** What the description cannot say: which cursors, JSON Schemas, and parameters that go together there are. */
const UNSAID: readonly string[] = ['invalid-cursor', 'invalid-schema', 'schema-violation'];
const UNSAID_OF_PARAMETERS: readonly string[] = ['range', 'mode', 'contract', 'columns', 'format'];

const document = await describeApi('0.0.0');
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods)
    // it has no end
    .filter(([, { operationId }]) => operationId !== 'tailEvents')
    .map(([method, operation]) => [`${method.toUpperCase()} ${path}`, { path, method, operation }] as const),
);

// that of ajv-formats takes quotation marks, which RFC 3986 has no place for
const formats = { ...fullFormats, uri: isUri, 'uri-reference': isUriReference };
const ajv = new Ajv2020({ strict: false, validateSchema: false, formats });
ajv.addSchema({ $id: 'document', components: document.components });
const compiled = new Map<string, (value: unknown) => boolean>();

function resolve(schema: Schema): Schema {
  const name = /[^/]+$/.exec((schema.$ref as string | undefined) ?? '')?.[0];
  return name === undefined ? schema : resolve(document.components.schemas?.[name] ?? {});
}

function isOf(schema: Schema, value: unknown): boolean {
  const text = JSON.stringify(schema).replaceAll('"#/', '"document#/');
  const known = compiled.get(text) ?? ajv.compile(JSON.parse(text) as Schema);
  compiled.set(text, known);
  return known(value);
}

interface Request {
  readonly parameters: readonly (readonly [Parameter, unknown])[];
  readonly body?: { readonly type: string; readonly value: unknown };
}

/** Requests that are as the operation describes them. */
function requestsOf({ parameters = [], requestBody }: Operation): fc.Arbitrary<Request> {
  const given = parameters.map((parameter) => {
    const value = valuesOf(parameter.schema, resolve).filter((one) => isOf(parameter.schema, one));
    const some =
      parameter.required === true ? value.filter(isSegment) : fc.option(value, { nil: undefined, freq: 1 });
    return some.map((one) => [parameter, one] as const);
  });
  const bodies = Object.entries(requestBody?.content ?? {})
    .filter(([, { schema }]) => resolve(schema)['x-itemSchema'] === undefined)
    .map(([type, { schema }]) =>
      valuesOf(schema, resolve)
        .filter((value) => isOf(schema, value))
        .map((value) => ({ type, value })),
    );
  return fc
    .tuple(fc.tuple(...given), bodies.length === 0 ? fc.constant(undefined) : fc.oneof(...bodies))
    .map(([all, body]) => ({
      parameters: all.filter(([, value]) => value !== undefined),
      ...(body === undefined ? {} : { body }),
    }));
}

/** A URL has no segment that is empty, or dots. */
function isSegment(value: unknown): boolean {
  return !['', '.', '..'].includes(String(value));
}

/** The same with one part that is not as it is described; null where all that is sent is text, and all texts are. */
function spoilt(request: Request, { requestBody }: Operation): fc.Arbitrary<Request | null> {
  const options: fc.Arbitrary<Request | null>[] = [];
  const { body } = request;
  if (body !== undefined) {
    const schema = requestBody?.content[body.type]?.schema ?? {};
    const value = changed(body.value).filter((one) => !isOf(schema, one));
    options.push(value.map((one) => ({ ...request, body: { ...body, value: one } })));
  }
  for (const [at, [parameter]] of request.parameters.entries()) {
    const texts = [
      '',
      'x',
      '-1',
      '1.5',
      '01',
      'null',
      '9'.repeat(20),
      '\u0000',
      ' ',
      '~',
      '$',
      'a..b',
      'a/b/~2',
    ].filter((text) => !isTextOf(parameter.schema, text) && (parameter.in !== 'path' || isSegment(text)));
    if (texts.length === 0) continue;
    options.push(
      fc.constantFrom(...texts).map((text) => ({
        ...request,
        parameters: request.parameters.map((one, index) =>
          index === at ? ([parameter, text] as const) : one,
        ),
      })),
    );
  }
  return options.length === 0 ? fc.constant(null) : fc.oneof(...options);
}

/** Whether a value can be written so in a URL. */
function isTextOf(schema: Schema, text: string): boolean {
  const { type, items } = resolve(schema);
  if (type === 'array') return isTextOf(items as Schema, text);
  // its members are written, each under its own name
  if (type === 'object') return false;
  return isOf(schema, type === 'integer' && /^\d+$/.test(text) ? Number(text) : text);
}

function send(
  api: TestApi,
  method: string,
  path: string,
  { parameters, body }: Request,
): Promise<Answer<Problem>> {
  const query = new URLSearchParams();
  const headers: Record<string, string> = body === undefined ? {} : { 'content-type': body.type };
  let at = path;
  for (const [{ name, in: place }, value] of parameters) {
    for (const [key, text] of written(name, value)) {
      if (place === 'path') at = at.replace(`{${key}}`, encodeURIComponent(text));
      // what else there is in Unicode cannot be sent
      else if (place === 'header') headers[key] = text.replace(/[^\x20-\x7e]/g, '');
      else query.append(key, text);
    }
  }
  return api.request(query.size === 0 ? at : `${at}?${query.toString()}`, {
    method: method.toUpperCase(),
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body.value) }),
  });
}

/** The style `form`, exploded: items under one name, members under their own. */
function written(name: string, value: unknown): readonly (readonly [name: string, text: string])[] {
  if (Array.isArray(value)) return value.map((item) => [name, String(item)]);
  if (typeof value !== 'object' || value === null) return [[name, String(value)]];
  return Object.entries(value).map(([member, text]) => [member, String(text)]);
}

/** Whether all that is wrong is what a schema cannot say. */
function isUnsaid({ code, errors = [], results = [] }: Problem): boolean {
  return (
    UNSAID.includes(code) ||
    (results.length > 0 && results.every(({ status }) => DEPENDS.includes(status))) ||
    (errors.length > 0 && errors.every(({ keyword }) => UNSAID_OF_PARAMETERS.includes(keyword)))
  );
}

describe('a client that knows nothing but /openapi.json', () => {
  let api: TestApi;
  const runs = { numRuns: Number(process.env.FUZZ_RUNS ?? 40), endOnFailure: false };

  beforeAll(async () => {
    api = await startApi();
    await api.post('/v1/events', [event(), event(), event({ source: 'a', payload: { a: 'x' } })]);
    await api.caughtUp();
  });
  afterAll(() => api.close());

  it.each(operations)('is answered as it is told: %s', async (_name, { method, path, operation }) => {
    await fc.assert(
      fc.asyncProperty(requestsOf(operation), async (request) => {
        const { status, body, text } = await send(api, method, path, request);
        const isFine = status < 400 || DEPENDS.includes(status) || isUnsaid(body);
        expect(
          isFine,
          `${JSON.stringify(request.parameters.map(([{ name }, value]) => [name, value]))} ${text}`,
        ).toBe(true);
      }),
      runs,
    );
    const wrong = requestsOf(operation).chain((request) => spoilt(request, operation));
    await fc.assert(
      fc.asyncProperty(wrong, async (request) => {
        if (request === null) return;
        const { status, text } = await send(api, method, path, request);
        expect([status >= 400 && status < 500, text]).toEqual([true, text]);
      }),
      runs,
    );
  });
});
