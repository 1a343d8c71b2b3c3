import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeApi } from '../../api-document/document.js';
import { event, startApi, type Answer, type TestApi } from '../../support/api.js';
import { describedRequests, written, type DescribedRequest } from '../../support/open-api-requests.js';

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

const { requestsOf, spoilt } = describedRequests(document);

function send(
  api: TestApi,
  method: string,
  path: string,
  { parameters, body }: DescribedRequest,
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
