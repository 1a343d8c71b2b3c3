/**
 * Holds answers to what the API says of itself: each has a status, a media type, header fields and a body that
 * /openapi.json describes for its route, and nothing more. An undocumented member fails a test.
 */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { fullFormats } from 'ajv-formats/dist/formats.js';
import type { Content, Header, MediaType, OpenApi, Operation, Response, Schema } from './open-api.js';

export interface Exchange {
  readonly method: string;
  /** with its query */
  readonly path: string;
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** Of the connection, of caches and of every message: RFC 9110 to 9112 describe them. */
const TRANSPORT: ReadonlySet<string> = new Set([
  'cache-control',
  'connection',
  'content-length',
  'content-type',
  'date',
  'keep-alive',
  'transfer-encoding',
  'vary',
  // what nginx is told, and nobody else
  'x-accel-buffering',
]);

/** With which every answer comes, whatever it is: what browsers are told. */
const SECURITY: readonly string[] = [
  'cache-control',
  'content-security-policy',
  'cross-origin-resource-policy',
  'referrer-policy',
  'x-content-type-options',
  'x-frame-options',
];

const PROBLEM_TYPE = 'application/problem+json';

export class DescribedAnswers {
  readonly #document: OpenApi;
  readonly #routes: readonly { readonly path: string; readonly pattern: RegExp }[];
  readonly #ajv = new Ajv2020({
    strict: false,
    allErrors: true,
    validateSchema: false,
    formats: fullFormats,
  });
  readonly #compiled = new Map<object, ValidateFunction>();

  constructor(document: OpenApi) {
    this.#document = withoutFurtherMembers(document) as OpenApi;
    this.#routes = Object.keys(document.paths)
      .map((path) => ({ path, pattern: patternOf(path) }))
      // a segment that is written out comes before one that is any
      .sort((a, b) => Number(a.path.includes('{')) - Number(b.path.includes('{')));
    this.#ajv.addSchema({ $id: 'described', components: this.#document.components });
  }

  /** @returns what is not as it is described, in words; nothing when all is */
  mistakesOf(exchange: Exchange): readonly string[] {
    const { method, path, status, headers, body } = exchange;
    const found = this.#find(method, path);
    if (found === null) return this.#mistakesOfRefusal(exchange);
    const described = this.#response(found, status);
    if (described === undefined) return [`the status ${status} is not described`];
    const mistakes = [...this.#headerMistakes(described.headers ?? {}, headers), ...missing(headers)];
    if (method === 'HEAD') return mistakes;
    return [...mistakes, ...this.bodyMistakes(described.content, headers.get('content-type'), body)];
  }

  /** @param content what is described, by media type; undefined: no body */
  bodyMistakes(content: Content | undefined, type: string | null, body: string): readonly string[] {
    if (content === undefined) return body === '' ? [] : ['no body is described'];
    const media = Object.entries(content).find(([name]) => essence(name) === essence(type ?? ''))?.[1];
    if (media === undefined) return [`the media type ${type ?? 'none'} is not described`];
    return [...this.#valueMistakes(media, essence(type ?? ''), body)];
  }

  #find(method: string, path: string): Operation | null {
    // as it is sent: without dots
    const { pathname } = new URL(path, 'http://localhost');
    const route = this.#routes.find(({ pattern }) => pattern.test(pathname));
    if (route === undefined) return null;
    const operations = this.#document.paths[route.path] ?? {};
    const name = method.toLowerCase();
    return operations[name] ?? (name === 'head' ? (operations.get ?? null) : null);
  }

  #response({ responses }: Operation, status: number): Response | undefined {
    const response = responses[status];
    return response === undefined ? undefined : this.#resolve(response);
  }

  #resolve<Described extends object>(described: Described): Described {
    const { $ref } = described as { readonly $ref?: string };
    if ($ref === undefined) return described;
    const tokens = $ref.slice('#/'.length).split('/');
    return tokens.reduce<unknown>((at, token) => (at as Schema)[token], this.#document) as Described;
  }

  /** Where there is no operation: a problem, and nothing else. */
  #mistakesOfRefusal({ method, status, headers, body }: Exchange): readonly string[] {
    if (status < 400) return [`there is no such operation, and it was answered ${status}`];
    if (status === 405 && !headers.has('allow')) return ['405 comes without Allow'];
    const absent = [...missing(headers), ...(headers.has('x-request-id') ? [] : ['X-Request-Id is missing'])];
    if (method === 'HEAD' || absent.length > 0) return absent;
    const problem: Content = {
      [PROBLEM_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } },
    };
    return this.bodyMistakes(problem, headers.get('content-type'), body);
  }

  *#headerMistakes(described: Readonly<Record<string, Header>>, sent: Headers): Generator<string> {
    const known = new Map(
      Object.entries(described).map(([name, header]) => [name.toLowerCase(), this.#resolve(header)]),
    );
    for (const [name, value] of sent) {
      const header = known.get(name);
      if (header === undefined) {
        if (!TRANSPORT.has(name) && !SECURITY.includes(name))
          yield `the header field ${name} is not described`;
      } else {
        const { type } = header.schema;
        const validate = this.#compile(header.schema);
        if (!validate(type === 'integer' ? Number(value) : value)) yield `${name}: ${said(validate)}`;
      }
    }
    for (const [name, { required = false }] of known) {
      if (required && !sent.has(name)) yield `the header field ${name} is missing`;
    }
  }

  *#valueMistakes(media: MediaType, type: string, body: string): Generator<string> {
    const schema = this.#resolve(media.schema);
    const item = schema['x-itemSchema'] as Schema | undefined;
    if (item === undefined) {
      const value: unknown = /[/+]json$/.test(type) ? JSON.parse(body) : body;
      yield* this.#schemaMistakes(schema, value, '');
      return;
    }
    for (const value of type === 'text/event-stream' ? messagesOf(body) : linesOf(body)) {
      yield* this.#schemaMistakes(item, value, `${JSON.stringify(value).slice(0, 200)}: `);
    }
  }

  *#schemaMistakes(schema: Schema, value: unknown, where: string): Generator<string> {
    const validate = this.#compile(schema);
    if (!validate(value)) yield `${where}${said(validate)}`;
  }

  /** Compiled when the first answer of its kind comes: a test asks for few of them. */
  #compile(schema: Schema): ValidateFunction {
    const known = this.#compiled.get(schema);
    if (known !== undefined) return known;
    const compiled = this.#ajv.compile(withAbsoluteReferences(schema) as Schema);
    this.#compiled.set(schema, compiled);
    return compiled;
  }
}

function missing(sent: Headers): readonly string[] {
  return SECURITY.filter((name) => !sent.has(name)).map((name) => `the header field ${name} is missing`);
}

/** `text/plain` of `text/plain; charset=utf-8`. */
function essence(type: string): string {
  return (type.split(';', 1)[0] ?? '').trim().toLowerCase();
}

function patternOf(path: string): RegExp {
  const escaped = path.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{\w+\}/g, '[^/]+');
  return new RegExp(`^${escaped}$`);
}

function said(validate: ValidateFunction): string {
  return (validate.errors ?? [])
    .map(({ instancePath, message, params }) => `${instancePath} ${message ?? ''} ${JSON.stringify(params)}`)
    .join('; ');
}

/** An object whose description is silent about further members has none in the tests. */
function withoutFurtherMembers(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutFurtherMembers);
  if (typeof value !== 'object' || value === null) return value;
  const copy = Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, withoutFurtherMembers(member)]),
  );
  const isSilent = typeof copy.properties === 'object' && copy.additionalProperties === undefined;
  return isSilent && copy.type === 'object' ? { ...copy, additionalProperties: false } : copy;
}

/** References within the document, for a part that is compiled by itself. */
function withAbsoluteReferences(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withAbsoluteReferences);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      name === '$ref' ? `described${String(member)}` : withAbsoluteReferences(member),
    ]),
  );
}

function linesOf(body: string): readonly unknown[] {
  return body
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
}

/** Messages that are complete (WHATWG HTML, 9.2.6); comments, and ids and times alone, are none. */
function messagesOf(body: string): readonly unknown[] {
  return body
    .split('\n\n')
    .slice(0, -1)
    .map((message) =>
      Object.fromEntries(
        message
          .split('\n')
          .filter((line) => !line.startsWith(':'))
          .map((line) => {
            const [, name = '', value = ''] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
            return [name, name === 'data' ? (JSON.parse(value) as unknown) : value];
          }),
      ),
    )
    .filter((message) => 'data' in message);
}
