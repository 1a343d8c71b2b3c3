import type { FastifyRequest } from 'fastify';
import { describe, expect, it } from 'vitest';
import { checkTransport, isLoopback, type TransportParts } from '../../src/http/transport.js';

const PLAIN: TransportParts = { secured: false, plainHttp: false, proxied: false };
const HERE = '127.0.0.1';
const ELSEWHERE = '192.0.2.7';

/** What becomes of a request of a peer, that says it is from another client. */
function codeOf(parts: Partial<TransportParts>, peer: string, ip = peer, protocol = 'http'): string {
  const request = { socket: { remoteAddress: peer }, ip, protocol } as unknown as FastifyRequest;
  return checkTransport({ ...PLAIN, ...parts })(request)?.problem.code ?? 'taken';
}

describe('credentials over plain HTTP', () => {
  it.each(['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1', '::FFFF:127.0.0.1'])(
    'are taken from this machine: %s',
    (peer) => {
      expect([isLoopback(peer), codeOf({}, peer)]).toEqual([true, 'taken']);
    },
  );

  it.each([
    '192.0.2.7',
    '10.0.0.1',
    '0.0.0.0',
    '::',
    '::2',
    'fe80::1',
    '::ffff:10.0.0.1',
    '128.0.0.1',
    '127.0.0.1.evil',
    '',
  ])('are refused from any other: %s', (peer) => {
    expect([isLoopback(peer), codeOf({}, peer)]).toEqual([false, 'insecure-transport']);
  });

  it('are refused on a connection that is gone', () => {
    expect(isLoopback(undefined)).toBe(false);
  });

  it('are taken where all is TLS, or somebody said so', () => {
    expect(codeOf({ secured: true }, ELSEWHERE)).toBe('taken');
    expect(codeOf({ plainHttp: true }, ELSEWHERE)).toBe('taken');
  });

  it('are taken of a proxy where it says that its client came over https, whatever a peer that is none says', () => {
    expect(codeOf({ proxied: true }, ELSEWHERE, '203.0.113.5', 'https')).toBe('taken');
    expect(codeOf({ proxied: true }, ELSEWHERE, '203.0.113.5', 'HTTPS')).toBe('taken');
    expect(codeOf({ proxied: true }, ELSEWHERE, '203.0.113.5', 'http')).toBe('insecure-transport');
    expect(codeOf({ proxied: true }, ELSEWHERE, HERE)).toBe('insecure-transport');
    expect(codeOf({ proxied: true }, HERE, '203.0.113.5')).toBe('insecure-transport');
    expect(codeOf({ proxied: true }, HERE)).toBe('taken');
    expect(codeOf({}, ELSEWHERE, HERE)).toBe('insecure-transport');
  });
});
