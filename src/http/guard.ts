/** What every request passes before its route: is the server stopping, is the URL sane, who is it, what does it take. */
import basicAuth from '@fastify/basic-auth';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { LedgerError } from '../ledger/error.js';
import { preferredType } from './accept.js';
import { may, type Principal, type Right } from '../access/principal.js';
import {
  stillLetsIn,
  type Authenticator,
  type CredentialPolicy,
  type Credentials,
} from './authentication.js';
import { readToken, unauthorized } from './authorization.js';
import { isBinaryMode } from './cloudevents/mode.js';
import { JSON_TYPE } from './documents.js';
import { unsupportedType } from './errors.js';
import { problemOfAuthorization, problemOfHost } from './host.js';
import { networkOf } from './network.js';
import { readParameters, type Parameters } from './parameters.js';
import { ProblemError, refusal } from './problem.js';
import type { RateGuard } from './rate-limits.js';
import type { TransportCheck } from './transport.js';
import type { Refusals } from './watching/refusals.js';

declare module 'fastify' {
  interface FastifyInstance {
    /** Whether a request that lasts would still be let in: what it came with may have expired, or been revoked. */
    stillLetsIn(request: FastifyRequest): Promise<boolean>;
  }
  interface FastifyRequest {
    principal: Principal | null;
    /** what it came with, where that was looked at */
    given: Credentials | null;
    /** the query string, checked against the route's schema */
    parameters: Parameters;
  }
  interface FastifyContextConfig {
    /** default: required */
    credentials?: CredentialPolicy;
    /** what the credentials must allow; null: whoever has some. Said by every route that requires them */
    needs?: Right | null;
    /** media types of a success, the preferred one first; default: JSON */
    produces?: readonly string[];
    /** media types of a body; default: JSON */
    consumes?: readonly string[];
    /** whether it takes a body of any other type, too, as the data of a CloudEvent in binary mode */
    binaryEvents?: boolean;
    /** names of the query's parameters: those of the route's schema */
    parameters?: readonly string[];
  }
}

const DEFAULT_TYPES: readonly string[] = [JSON_TYPE];

interface LettingIn {
  readonly authenticator: Authenticator;
  readonly rates: RateGuard;
  /** told of whom is not let in, or has not the right */
  readonly refusals: Refusals | undefined;
}

export function guardRequests(
  app: FastifyInstance,
  parts: LettingIn & { readonly closing: AbortSignal; readonly transport: TransportCheck },
): void {
  const { authenticator, closing, transport, rates } = parts;
  app.decorateRequest('principal', null);
  app.decorateRequest('given', null);
  app.decorate('stillLetsIn', async ({ given }: FastifyRequest) => {
    return given !== null && (await stillLetsIn(authenticator, given));
  });
  app.decorateRequest('parameters');
  app.addHook('onRoute', (route) => {
    const { credentials = 'required', needs } = route.config ?? {};
    if (credentials === 'required' && needs === undefined)
      throw new LedgerError('internal', `${route.url} does not say what its credentials must allow`);
    route.config = { ...route.config, parameters: parameterNames(route.schema?.querystring) };
  });
  // both challenges are ours to send
  app.register(basicAuth, {
    authenticate: false,
    validate: (user, password, request) => letIn(request, parts, { scheme: 'basic', user, password }),
  });
  const identify = (request: FastifyRequest, reply: FastifyReply, next: (error?: Error) => void): void => {
    const token = readToken(request.headers.authorization);
    if (token === null) app.basicAuth(request, reply, next);
    else letIn(request, parts, { scheme: 'bearer', token }).then(() => next(), next);
  };
  app.addHook('onRequest', rates.byAddress);
  app.addHook('onRequest', (request, reply, next) => {
    const fieldProblem = problemOfHost(request.raw) ?? problemOfAuthorization(request.raw);
    if (closing.aborted) next(stopping());
    else if (/[^\x21-\x7e]/.test(request.url))
      next(refusal('bad-request', 'The URL must be percent-encoded.'));
    else if (request.url.includes('#'))
      next(
        refusal('bad-request', 'The URL must not have a fragment; # is written %23 in a name or a value.'),
      );
    else if (fieldProblem !== null) next(fieldProblem);
    else if (!asksForCredentials(request)) next();
    else {
      const insecure = transport(request);
      if (insecure === null) identify(request, reply, next);
      else next(insecure);
    }
  });
  app.addHook('onRequest', rates.byPrincipal);
  app.addHook('onRequest', (request, _reply, next) => {
    if (request.is404) next();
    else next(missingRight(request, parts.refusals) ?? problemOfHead(request));
  });
}

/** @throws ProblemError when they are wrong, or cannot be looked at now */
async function letIn(
  request: FastifyRequest,
  { authenticator, rates, refusals }: LettingIn,
  given: Credentials,
): Promise<void> {
  request.given = given;
  await rates.beforeLogin(request, given);
  try {
    request.principal = await authenticator.authenticate(given, networkOf(request.ip));
  } catch (error) {
    // it was compared with the configured admin's, and guessing that has its limit, however busy it is
    if (isBusy(error)) await rates.loginFailed(request, given);
    throw error;
  }
  if (request.principal !== null) return;
  refusals?.loginFailed(request.ip, given);
  await rates.loginFailed(request, given);
  throw new ProblemError(unauthorized(given.scheme));
}

function isBusy(error: unknown): boolean {
  return error instanceof ProblemError && error.problem.code === 'login-busy';
}

/** Whose request it is, on routes that require credentials. */
export function principalOf(request: FastifyRequest): Principal {
  if (request.principal !== null) return request.principal;
  throw new LedgerError('internal', `${request.routeOptions.url ?? ''} was reached without credentials`);
}

function asksForCredentials(request: FastifyRequest): boolean {
  const { credentials = 'required' } = request.routeOptions.config;
  if (credentials === 'optional') return request.headers.authorization !== undefined;
  return credentials === 'required';
}

function missingRight(request: FastifyRequest, refusals: Refusals | undefined): ProblemError | undefined {
  const { routeOptions, principal } = request;
  const { needs = null } = routeOptions.config;
  if (needs === null || principal === null || may(principal, needs)) return undefined;
  refusals?.denied(request.ip, principal.name);
  return refusal('forbidden', `This needs the right to ${needs}, which these credentials do not give.`);
}

/** What the request's line and header fields ask for that the route does not have. */
function problemOfHead(request: FastifyRequest): ProblemError | undefined {
  const { produces = DEFAULT_TYPES, consumes = DEFAULT_TYPES, parameters = [] } = request.routeOptions.config;
  try {
    request.parameters = readParameters(request.url, parameters);
  } catch (error) {
    if (error instanceof ProblemError) return error;
    throw error;
  }
  if (preferredType(request.headers.accept, produces) === null) {
    return refusal('not-acceptable', `This route answers in ${produces.join(' or ')}.`);
  }
  return isReadable(request, consumes) ? undefined : new ProblemError(unsupportedType(consumes));
}

/** Whether a body, if there is one, is of a type that the route takes, in UTF-8, and without a content coding. */
function isReadable({ method, headers, routeOptions }: FastifyRequest, consumes: readonly string[]): boolean {
  if (method === 'GET' || method === 'HEAD' || method === 'DELETE') return true;
  const coding = headers['content-encoding'];
  if (coding !== undefined && coding.trim().toLowerCase() !== 'identity') return false;
  const [type = '', ...parameters] = (headers['content-type'] ?? '').toLowerCase().split(';');
  const isKnown =
    consumes.includes(type.trim()) &&
    parameters.every(
      (text) => !/^\s*charset\s*=/.test(text) || /^\s*charset\s*=\s*"?utf-?8"?\s*$/.test(text),
    );
  return isKnown || (routeOptions.config.binaryEvents === true && isBinaryMode(headers));
}

/** `payload.{path}` in a schema stands for every name that begins with `payload.`. */
function parameterNames(querystring: unknown): readonly string[] {
  const { properties = {} } = (querystring ?? {}) as { readonly properties?: object };
  return Object.keys(properties).map((name) => name.replace(/\{.*$/, '*'));
}

function stopping(): ProblemError {
  const headers = { connection: 'close' };
  return refusal('shutting-down', 'Send the request again in a moment.', { retryAfter: 2, headers });
}
