/** What follows from the form of a route: no route has to say it of itself. */
import { PROBLEM_CONTENT, statusProblem } from '../shapes.js';

/** As much of an OpenAPI document as is looked at here. */
export interface Described {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

interface Operation {
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
  readonly content?: object;
}

const header = (description: string, schema: object = { type: 'string' }) => ({
  description,
  required: true,
  schema,
});

const RETRY_AFTER = {
  'Retry-After': header('seconds after which the same request may succeed', { type: 'integer', minimum: 1 }),
};

/** The header fields that a status comes with on every route. */
const HEADERS: Readonly<Record<string, Readonly<Record<string, object>>>> = {
  401: { 'WWW-Authenticate': header('`Basic realm="event-ledger", charset="UTF-8"`') },
  405: { Allow: header('the methods that the path has') },
  415: { Accept: header('the media types that the route takes') },
  429: RETRY_AFTER,
  503: RETRY_AFTER,
};

const NEXT_PAGE = {
  Link: {
    description: 'the next page, with rel="next" (RFC 8288); not on the last one',
    schema: { type: 'string' },
  },
};

const METHOD_NOT_ALLOWED: Response = {
  description: 'Problem: method-not-allowed, to a method that the path does not have',
  content: PROBLEM_CONTENT,
};

/** @returns the document with the answers that every route has, the header fields that come with them, and free names */
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
  const isPaged = operation.parameters?.some(({ name }) => name === 'cursor') ?? false;
  const responses = Object.entries(answers).map(([status, response]) => {
    const more = { ...HEADERS[status], ...(isPaged && status === '200' ? NEXT_PAGE : {}) };
    const headers = { ...response.headers, ...more };
    return [status, Object.keys(headers).length === 0 ? response : { ...response, headers }];
  });
  return {
    ...operation,
    ...(operation.parameters === undefined ? {} : { parameters: operation.parameters.map(freelyNamed) }),
    responses: Object.fromEntries(responses) as Operation['responses'],
  };
}

/** A form of names is an object whose members are parameters; none unless they are given. */
function freelyNamed(parameter: Parameter): Parameter {
  if (!parameter.name.includes('{')) return parameter;
  return { ...parameter, ...{ style: 'form', explode: true, example: {} } };
}
