/** What follows from the form of a route: no route has to say it of itself. */
import { PROBLEM_TYPE } from '../problem.js';
import { PROBLEM_CONTENT, statusProblem } from '../problem-shapes.js';
import { EXAMPLES, PATH_EXAMPLES, type OperationExamples } from './examples.js';
import { codesOn } from './problem-codes.js';

/** As much of an OpenAPI document as is looked at here. */
export interface Described {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

interface Operation {
  readonly operationId?: string;
  readonly requestBody?: { readonly content: Content };
  readonly parameters?: readonly Parameter[];
  readonly responses: Readonly<Record<string, Response>>;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
}

interface Response {
  readonly description: string;
  readonly headers?: Readonly<Record<string, object>>;
  readonly content?: Content;
}

type Content = Readonly<Record<string, object>>;

const header = (description: string, schema: object = { type: 'string' }) => ({
  description,
  required: true,
  schema,
});

/** Those that any answer may come with (components). */
export const EVERY_ANSWERS_HEADERS = {
  'X-Request-Id': header('the name of the request in our logs: its own, or one that we gave it'),
  ...rateHeader('Limit', 'requests that may be sent in a minute'),
  ...rateHeader('Remaining', 'how many of them are left'),
  ...rateHeader('Reset', 'seconds until the next minute begins'),
};

function rateHeader(name: string, description: string): Record<string, object> {
  return { [`X-RateLimit-${name}`]: { description, schema: { type: 'integer', minimum: 0 } } };
}

const RETRY_AFTER = {
  'Retry-After': header('seconds after which the same request may succeed', { type: 'integer', minimum: 1 }),
};

/** The header fields that a status comes with on every route. */
const HEADERS: Readonly<Record<string, Readonly<Record<string, object>>>> = {
  401: { 'WWW-Authenticate': header('a challenge for each scheme: Basic (RFC 7617), and Bearer (RFC 6750)') },
  405: { Allow: header('the methods that the path has') },
  415: { Accept: header('the media types that the route takes') },
  429: RETRY_AFTER,
  503: RETRY_AFTER,
};

/** Described once in the document (describing.ts). */
const EVERY_ANSWER = Object.fromEntries(
  Object.keys(EVERY_ANSWERS_HEADERS).map((name) => [name, { $ref: `#/components/headers/${name}` }]),
);

const NEXT_PAGE = {
  Link: {
    description: 'the next page, with rel="next" (RFC 8288); not on the last one',
    schema: { type: 'string' },
  },
};

const METHOD_NOT_ALLOWED: Response = {
  description: 'Problem: method-not-allowed; to a method that the path does not have',
  content: PROBLEM_CONTENT,
};

/** @returns the document with the answers that every route has, the header fields that come with them, free names, and examples */
export function completed<Document extends Described>(document: Document): Document {
  const paths = Object.entries(document.paths ?? {}).map(([path, operations]) => [
    path,
    Object.fromEntries(
      Object.entries(operations).map(([method, operation]) => [method, completedOperation(path, operation)]),
    ),
  ]);
  return { ...document, paths: Object.fromEntries(paths) as Document['paths'] };
}

function completedOperation(path: string, operation: Operation): Operation {
  const answers: Operation['responses'] = {
    ...operation.responses,
    405: METHOD_NOT_ALLOWED,
    ...(path.includes('{') ? { 414: statusProblem(414) } : {}),
  };
  const examples = EXAMPLES[operation.operationId ?? ''] ?? {};
  const has = (parameter: string): boolean =>
    operation.parameters?.some(({ name }) => name === parameter) ?? false;
  const form = {
    path,
    operationId: operation.operationId ?? '',
    hasBody: operation.requestBody !== undefined,
    isPaged: has('cursor'),
    asksForCredentials: 401 in answers,
  };
  const hasPages = form.isPaged || has('fromRevision');
  const responses = Object.entries(answers).map(([status, response]) => {
    const more = { ...EVERY_ANSWER, ...HEADERS[status], ...(hasPages && status === '200' ? NEXT_PAGE : {}) };
    const headers = { ...response.headers, ...more };
    const answer = withCodes(response, codesOn(form, Number(status)));
    const shown = { ...answer, ...withExamples(answer.content, examples.responses?.[Number(status)]) };
    return [status, { ...shown, headers }];
  });
  return {
    ...operation,
    ...(operation.parameters === undefined ? {} : { parameters: operation.parameters.map(shownParameter) }),
    ...(operation.requestBody === undefined
      ? {}
      : { requestBody: withRequestExamples(operation.requestBody, examples.request) }),
    responses: Object.fromEntries(responses) as Operation['responses'],
  };
}

/** A problem is one of those that the operation can have. */
function withCodes(response: Response, codes: readonly string[]): Response {
  const { [PROBLEM_TYPE]: problem, ...others } = response.content ?? {};
  if (problem === undefined) return response;
  const { schema } = problem as { readonly schema: object };
  const narrowed = { allOf: [schema], properties: { code: { enum: codes } } };
  return {
    ...response,
    description: response.description.replace(/^Problem: [^;]*/, `Problem: ${codes.join(', ')}`),
    content: { ...others, [PROBLEM_TYPE]: { ...problem, schema: narrowed } },
  };
}

/** A form of names is an object whose members are parameters; none unless they are given. */
function shownParameter(parameter: Parameter): Parameter {
  const { name, in: place } = parameter;
  // with a list of examples, if an empty one, a page to try things on makes up none
  if (name.includes('{')) return { ...parameter, ...{ style: 'form', explode: true, examples: {} } };
  // those of queries are not shown: pages to try things on would send them
  const example = place === 'path' ? PATH_EXAMPLES[name] : undefined;
  return example === undefined ? parameter : { ...parameter, ...{ example } };
}

function withExamples(
  content: Content | undefined,
  examples: Readonly<Record<string, unknown>> = {},
): { readonly content?: Content } {
  if (content === undefined) return {};
  return {
    content: mapMembers(content, (media, type) =>
      type in examples ? { ...media, example: examples[type] } : media,
    ),
  };
}

function withRequestExamples(
  body: NonNullable<Operation['requestBody']>,
  examples: NonNullable<OperationExamples['request']> = {},
): NonNullable<Operation['requestBody']> {
  const content = mapMembers(body.content, (media, type) => {
    const shown = examples[type];
    if (shown === undefined) return media;
    const named = Object.entries(shown).map(([summary, value]) => [
      summary.replace(/\W+(\w)/g, (_whole, letter: string) => letter.toUpperCase()),
      { summary, value },
    ]);
    return { ...media, examples: Object.fromEntries(named) as object };
  });
  return { ...body, content };
}

function mapMembers<Value>(
  members: Readonly<Record<string, Value>>,
  change: (value: Value, name: string) => Value,
): Readonly<Record<string, Value>> {
  return Object.fromEntries(Object.entries(members).map(([name, value]) => [name, change(value, name)]));
}
