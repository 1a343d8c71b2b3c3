/**
 * How much one client may ask: by address before anything is known of it, by principal after; and how often it may be
 * wrong. Each process counts for itself, in windows of a minute.
 */
import { hash } from 'node:crypto';
import { setTimeout as after } from 'node:timers/promises';
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { LedgerError } from '../ledger/error.js';
import type { Credentials } from './authentication.js';
import { RATES, type Rates } from './limits.js';
import { refusal, type ProblemError } from './problem.js';

const WINDOW_MS = 60_000;
/** Clients that are remembered at once, for each of the limits; the one that was not seen for longest is forgotten. */
const REMEMBERED = 10_000;
/** Who was wrong too often in another way than by one address for one name waits so long for each further refusal. */
const SLOWED_MS = 1_000;

type Limiter = ReturnType<FastifyInstance['createRateLimit']>;
type Count = Extract<Awaited<ReturnType<Limiter>>, { readonly isAllowed: false }>;

export interface RateGuard {
  /** @throws ProblemError `rate-limited` */
  readonly byAddress: (request: FastifyRequest) => Promise<void>;
  /** Says in the answer how much is left. @throws ProblemError `rate-limited` */
  readonly byPrincipal: (request: FastifyRequest, reply: FastifyReply) => Promise<void>;
  /** Before credentials are looked at. @throws ProblemError `rate-limited` */
  readonly beforeLogin: (request: FastifyRequest, given: Credentials) => Promise<void>;
  /** Resolves when the refusal may be told. */
  readonly loginFailed: (request: FastifyRequest, given: Credentials) => Promise<void>;
}

/** @param rates RATES unless given; 0: no limit */
export function guardRates(app: FastifyInstance, rates: Partial<Rates> = {}): RateGuard {
  const { address, principal, failedLogins } = { ...RATES, ...rates };
  const limiters = new Map<string, Limiter>();
  /** @param keyOf undefined: the address; of IPv6 the network of 64 bits, which one client has to itself */
  const limiter = (name: string, max: number, keyOf?: (request: FastifyRequest) => string): void => {
    if (max === 0) return;
    const key = keyOf === undefined ? {} : { keyGenerator: keyOf };
    limiters.set(name, app.createRateLimit({ max, timeWindow: WINDOW_MS, ...key }));
  };
  app.register(rateLimit, { global: false, cache: REMEMBERED, ipv6Subnet: 64 });
  app.after(() => {
    limiter('address', address);
    limiter('principal', principal, (request) => request.principal?.name ?? '');
    limiter('login', failedLogins, (request) => `${request.ip} ${loginOf(request)}`);
    limiter('login-address', 10 * failedLogins);
    limiter('login-name', 10 * failedLogins, loginOf);
  });

  const count = async (name: string, request: FastifyRequest, increment = true): Promise<Count | null> => {
    const counted = await limiters.get(name)?.(request, { increment });
    return counted === undefined || counted.isAllowed ? null : counted;
  };

  let lastWrongAt = -Infinity;

  return {
    async byAddress(request) {
      if (isProbe(request)) return;
      const counted = await count('address', request);
      if (counted?.isExceeded === true) throw tooMany(counted, 'This address has sent too many requests.');
    },
    async byPrincipal(request, reply) {
      if (request.principal === null) return;
      const counted = await count('principal', request);
      if (counted === null) return;
      if (counted.isExceeded) throw tooMany(counted, 'These credentials have sent too many requests.');
      void reply.headers(rateHeaders(counted));
    },
    async beforeLogin(request, given) {
      // nobody guesses a key; and nobody is to wait before anybody was wrong, which is nearly always
      if (given.scheme !== 'basic' || performance.now() - lastWrongAt > WINDOW_MS) return;
      logins.set(request, nameOf(given.user));
      const counted = await count('login', request, false);
      if (counted?.remaining !== 0) return;
      throw tooMany(counted, 'The password of this user was wrong too often from this address.');
    },
    async loginFailed(request, given) {
      lastWrongAt = performance.now();
      const counts = [await count('login-address', request)];
      if (given.scheme === 'basic') {
        logins.set(request, nameOf(given.user));
        counts.push(await count('login-name', request));
        await count('login', request);
      }
      if (counts.some((one) => one?.isExceeded === true)) await after(SLOWED_MS);
    },
  };
}

/** Whom a request says it is from, where that is looked at. */
const logins = new WeakMap<FastifyRequest, string>();

function loginOf(request: FastifyRequest): string {
  const login = logins.get(request);
  if (login === undefined) throw new LedgerError('internal', 'a login is counted that was not begun');
  return login;
}

/** However long a name is, it takes a few bytes. */
function nameOf(user: string): string {
  return hash('sha256', user, 'base64');
}

/** Orchestrators ask often, and are never told to wait. */
function isProbe({ routeOptions }: FastifyRequest): boolean {
  return (routeOptions.config.credentials ?? 'required') !== 'required';
}

function tooMany(counted: Count, detail: string): ProblemError {
  const retryAfter = Math.max(1, counted.ttlInSeconds);
  const more = `Send the next one in ${retryAfter} s.`;
  return refusal('rate-limited', `${detail} ${more}`, { retryAfter, headers: rateHeaders(counted) });
}

function rateHeaders({ max, remaining, ttlInSeconds }: Count): Record<string, string> {
  return {
    'x-ratelimit-limit': String(max),
    'x-ratelimit-remaining': String(remaining),
    'x-ratelimit-reset': String(ttlInSeconds),
  };
}
