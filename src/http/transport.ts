/** Passwords, keys and tokens over plain HTTP are for all to read who are on the way: they are taken on this machine alone. */
import type { FastifyRequest } from 'fastify';
import { refusal, type ProblemError } from './problem.js';

export interface TransportParts {
  /** whether every connection is TLS */
  readonly secured: boolean;
  /** whether somebody decided that the network may read them */
  readonly plainHttp: boolean;
  /** whether there are proxies whose word is taken for how a client came */
  readonly proxied: boolean;
}

/** What is wrong with how a request came that has credentials, or is to be asked for some; null: nothing. */
export type TransportCheck = (request: FastifyRequest) => ProblemError | null;

export function checkTransport({ secured, plainHttp, proxied }: TransportParts): TransportCheck {
  if (secured || plainHttp) return () => null;
  const isSafe = proxied ? isSafeBehindProxies : isOfThisMachine;
  return (request) => (isSafe(request) ? null : insecure());
}

const isOfThisMachine = ({ socket }: FastifyRequest): boolean => isLoopback(socket.remoteAddress);

/** A client of a proxy on this machine may still be anywhere. */
const isSafeBehindProxies = (request: FastifyRequest): boolean =>
  (request.protocol as string).toLowerCase() === 'https' ||
  (isOfThisMachine(request) && isLoopback(request.ip));

const LOOPBACK = /^(?:(?:::ffff:)?127(?:\.\d{1,3}){3}|::1)$/i;

/** @param address undefined: of a connection that is gone */
export function isLoopback(address: string | undefined): boolean {
  return address !== undefined && LOOPBACK.test(address);
}

const DETAIL =
  'Credentials are not taken over plain HTTP from another machine: ask over https, and change those that were sent. ' +
  'Who runs the server gives it a certificate (TLS_CERT_FILE), names its proxy (TRUST_PROXY), or sets ALLOW_PLAIN_HTTP.';

function insecure(): ProblemError {
  return refusal('insecure-transport', DETAIL);
}
