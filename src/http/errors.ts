/** Everything that goes wrong, the router's and the parser's own errors too, leaves as a problem. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { unauthorized } from './authorization.js';
import { JSON_TYPE } from './documents.js';
import { MAX_BODY_BYTES } from './limits.js';
import { fieldsOfEveryAnswer } from './every-answer.js';
import { isUnfinished, lingering, responseOn } from './lingering.js';
import { lastOwed } from './pipelining.js';
import { newRequestId, requestIdOf } from './request-id.js';
import { PROBLEM_TYPE, problemBody, ProblemError, problemOf, statusOf, type Problem } from './problem.js';
import { PROBLEMS } from './status.js';

/** Sends bytes rather than an object: the serialiser of the route is not asked, and no charset is added. */
export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  return reply
    .code(statusOf(problem))
    .headers(problemHeaders(problem, reply.request.id, reply.request.raw.socket))
    .send(Buffer.from(JSON.stringify(problemBody(problem, reply.request.id))));
}

/** All of them: where the router refuses, and before it, no hook has added those of every answer. */
function problemHeaders(problem: Problem, requestId: string, socket: Duplex): Record<string, string> {
  return {
    ...fieldsOfEveryAnswer(requestId, socket),
    'content-type': PROBLEM_TYPE,
    ...(problem.retryAfter === undefined ? {} : { 'retry-after': String(problem.retryAfter) }),
    ...problem.headers,
  };
}

/** The same also where the client still sends what nobody will read: then the connection ends with the answer. */
function refuse(reply: FastifyReply, problem: Problem): void {
  const { raw: request, id } = reply.request;
  void isUnfinished(request).then((unfinished) => {
    if (!unfinished) {
      sendProblem(reply, problem);
      return;
    }
    const body = Buffer.from(JSON.stringify(problemBody(problem, id)));
    const headers = { 'content-length': body.length, connection: 'close' };
    void reply
      .code(statusOf(problem))
      .headers({ ...problemHeaders(problem, id, request.socket), ...headers })
      .send(lingering(body, request));
  });
}

export function handleErrors(app: FastifyInstance, logger: Logger): void {
  const allowed = rememberRoutes(app);
  const noRoute = (request: FastifyRequest): Problem => {
    const methods = allowed(request.url.split('?', 1)[0] ?? '');
    return methods.length === 0 ? NOT_FOUND : wrongMethod(request.method, methods);
  };
  app.setErrorHandler((error, request, reply) => {
    // what is wrong with the body matters to nobody where there is no route
    const isBeside = request.is404 && BODY_ERROR.test((error as Partial<FastifyError>).code ?? '');
    const problem = isBeside ? noRoute(request) : problemOfRequest(error, request.routeOptions);
    // a problem that was made on purpose says all there is to say
    if (statusOf(problem) >= 500 && !(error instanceof ProblemError)) {
      logFailure(logger, request, error, problem);
    }
    refuse(reply, problem);
  });
  app.setNotFoundHandler((request, reply) => refuse(reply, noRoute(request)));
  app.server.on('connect', (_request: IncomingMessage, socket: Duplex) => {
    sendBare(socket, NO_TUNNEL);
  });
  app.server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    const detail = 'The only expectation that can be met is 100-continue.';
    const problem: Problem = { code: 'expectation-failed', detail };
    const id = requestIdOf(request);
    const body = Buffer.from(JSON.stringify(problemBody(problem, id)));
    response.writeHead(statusOf(problem), {
      ...problemHeaders(problem, id, request.socket),
      'content-length': body.length,
      connection: 'close',
    });
    response.end(body);
  });
}

/** Errors of the router, before there is a route: hooks and the error handler are not asked. */
export function handleFrameworkError(
  error: FastifyError,
  _request: FastifyRequest,
  reply: FastifyReply,
): void {
  refuse(reply, problemOfRequest(error));
}

function logFailure(logger: Logger, request: FastifyRequest, error: unknown, problem: Problem): void {
  const { method, id: requestId } = request;
  // the route's pattern: the URL itself may hold parts of payloads
  const details = { err: error, requestId, method, route: request.routeOptions.url };
  if (problem.code === 'internal') logger.error(details, 'a request failed');
  else logger.warn(details, 'a request could not be served');
}

/** Fastify's, of a body that it cannot read, or of a method (QUERY) that must have one. */
const BODY_ERROR = /^FST_ERR_(CTP_|ROUTE_MISSING_CONTENT_TYPE$)/;
const NOT_FOUND: Problem = { code: 'not-found', detail: 'There is no such route; /openapi.json lists all.' };
const NO_TUNNEL: Problem = {
  code: 'method-not-allowed',
  detail: 'This is no proxy: CONNECT is not allowed.',
  headers: { allow: 'GET, HEAD, POST, PUT, DELETE' },
};

function wrongMethod(method: string, methods: readonly string[]): Problem {
  const allow = methods.join(', ');
  return { code: 'method-not-allowed', detail: `${method} is not among ${allow}.`, headers: { allow } };
}

/** @param route that the request was for */
function problemOfRequest(
  error: unknown,
  { bodyLimit = MAX_BODY_BYTES, config }: Partial<FastifyRequest['routeOptions']> = {},
): Problem {
  const { code = '', statusCode, message } = error as Partial<FastifyError>;
  switch (code) {
    case 'FST_BASIC_AUTH_MISSING_OR_BAD_AUTHORIZATION_HEADER':
      return unauthorized(null);
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return {
        code: 'too-large',
        detail: `The body is larger than the ${bodyLimit} bytes that this route takes.`,
      };
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return unsupportedType(config?.consumes);
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return { code: 'bad-request', detail: 'The body is not as long as Content-Length says.' };
    case 'FST_ERR_BAD_URL':
      return { code: 'bad-request', detail: 'The path is not percent-encoded UTF-8.' };
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return { code: 'uri-too-long', detail: 'A segment of the path is too long.' };
    case 'ECONNRESET':
      if (statusCode === 400) return { code: 'bad-request', detail: 'The connection ended within the body.' };
      return problemOf(error);
    default:
      if (code.startsWith('FST_') && statusCode !== undefined && statusCode < 500) {
        return { code: 'bad-request', detail: message ?? PROBLEMS['bad-request'][1] };
      }
      return problemOf(error);
  }
}

/** @param accepted what the route takes */
export function unsupportedType(accepted: readonly string[] = [JSON_TYPE]): Problem {
  const accept = accepted.join(', ');
  const detail = `The body must be one of ${accept}, in UTF-8 and without a content coding.`;
  return { code: 'unsupported-media-type', detail, headers: { accept } };
}

/** Which methods a path knows, when the router finds no route for the one that was used. */
function rememberRoutes(app: FastifyInstance): (path: string) => readonly string[] {
  const routes: { readonly pattern: RegExp; readonly methods: readonly string[] }[] = [];
  app.addHook('onRoute', ({ url, method }) => {
    const escaped = url.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/:\w+/g, '[^/]+');
    routes.push({ pattern: new RegExp(`^${escaped}$`), methods: [method].flat() });
  });
  return (path) => [
    ...new Set(routes.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods)),
  ];
}

const CLIENT_ERRORS: Readonly<Record<string, Problem>> = {
  HPE_HEADER_OVERFLOW: {
    code: 'headers-too-large',
    detail: 'The URL and header fields are too long together.',
  },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { code: 'too-large', detail: 'The chunk extensions are too long.' },
  ERR_HTTP_REQUEST_TIMEOUT: { code: 'request-timeout', detail: 'The request did not arrive in time.' },
};
const UNREADABLE: Problem = { code: 'bad-request', detail: 'This is not an HTTP/1.1 request.' };

/**
 * What Node's parser refuses: there is no request yet, only a socket. The requests before it on the same socket that
 * were read to their end get their own answers and no other, because they may have been recorded.
 */
export function handleClientError(error: Error & { readonly code?: string }, socket: Socket): void {
  const owed = lastOwed(socket);
  const isBegun = (owed ?? responseOn(socket))?.headersSent === true;
  if (error.code === 'ECONNRESET' || !socket.writable || isBegun) {
    socket.destroy();
    return;
  }
  if (owed !== null) {
    owed.shouldKeepAlive = false;
    return;
  }
  sendBare(socket, CLIENT_ERRORS[error.code ?? ''] ?? UNREADABLE);
}

/** An answer where there is nothing but a socket. */
function sendBare(socket: Duplex, problem: Problem): void {
  const id = newRequestId();
  const body = JSON.stringify(problemBody(problem, id));
  const [status, title] = PROBLEMS[problem.code];
  const fields = Object.entries(problemHeaders(problem, id, socket)).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\n${fields.join('')}` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
