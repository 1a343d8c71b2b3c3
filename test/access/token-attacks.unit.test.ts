import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { COOL_DOWN_MS } from '../../src/access/token-keys.js';
import { hmacToken, keyPair, tokenOf, unsignedToken } from './token-maker.js';
import { Stand } from './verifier-stand.js';

let stand: Stand;

beforeEach(async () => {
  stand = await Stand.open();
});

afterEach(async () => {
  await stand.close();
});

describe('a token that nobody signed', () => {
  it.each(['none', 'None', 'NONE', 'nOnE', ''])('is refused with the algorithm "%s"', async (alg) => {
    const reason = alg === '' ? 'malformed' : 'algorithm';
    expect(await stand.verdict(unsignedToken({ alg, kid: 'first' }, stand.claims()))).toBe(reason);
  });

  it('is refused without a signature, and with an empty one', async () => {
    const token = unsignedToken({ alg: 'ES256', kid: 'first' }, stand.claims());
    expect(await stand.verdict(token)).toBe('signature');
    expect(await stand.verdict(token.slice(0, -1))).toBe('malformed');
    // CVE-2022-21449: r and s that are zero
    expect(await stand.verdict(token + Buffer.alloc(64).toString('base64url'))).toBe('signature');
  });
});

describe('a token that is signed by a shared secret', () => {
  it.each(['HS256', 'HS384', 'HS512', 'hs256'])(
    'is refused with %s, though the secret is the public key',
    async (alg) => {
      const key = keyPair('RS256', 'rsa');
      stand.issuer.published = [key.jwk];
      const secrets = [
        key.publicKey.export({ type: 'spki', format: 'pem' }),
        key.publicKey.export({ type: 'pkcs1', format: 'pem' }),
        key.publicKey.export({ type: 'spki', format: 'der' }),
        JSON.stringify(key.jwk),
        '',
      ];
      for (const secret of secrets) {
        expect(await stand.verdict(hmacToken({ alg, kid: 'rsa' }, stand.claims(), secret))).toBe('algorithm');
      }
    },
  );

  it('is refused where the issuer publishes the secret', async () => {
    const secret = randomBytes(32);
    stand.issuer.published = [{ kty: 'oct', kid: 'shared', alg: 'HS256', k: secret.toString('base64url') }];
    const header = { alg: 'HS256', kid: 'shared' };
    expect(await stand.verdict(hmacToken(header, stand.claims(), secret))).toBe('algorithm');
    expect(await stand.verdict(hmacToken({ ...header, alg: 'RS256' }, stand.claims(), secret))).toBe('key');
  });
});

describe('a token that is signed by another key', () => {
  it('is refused under the same key id', async () => {
    expect(await stand.verdict(tokenOf(stand.claims(), keyPair('ES256', 'first')))).toBe('signature');
    expect(await stand.verdict(tokenOf(stand.claims(), keyPair('RS256', 'first')))).toBe('key');
  });

  it('is refused without a key id, also where the issuer has several keys', async () => {
    const other = keyPair('ES256', 'other');
    const header = { kid: undefined };
    expect(await stand.verdict(tokenOf(stand.claims(), other, header))).toBe('signature');

    stand.issuer.published = [stand.issuer.key.jwk, keyPair('ES256', 'second').jwk];
    stand.now += COOL_DOWN_MS / 1000 + 300;
    expect(await stand.verdict(tokenOf(stand.claims(), other, header))).toBe('key');
    expect(await stand.verdict(stand.token({}, header))).toBe('key');
  });

  it('is refused where the key is for encryption, for another algorithm, or private', async () => {
    const { key } = stand.issuer;
    const unfit = [
      { ...key.jwk, use: 'enc' },
      { ...key.jwk, alg: 'ES384' },
      { ...key.jwk, key_ops: ['sign'] },
      key.privateKey.export({ format: 'jwk' }),
      { ...key.jwk, x: 'AAAA' },
      { ...key.jwk, kid: 7 },
    ];
    for (const jwk of unfit) {
      stand.issuer.published = [{ kid: key.kid, ...jwk }];
      stand.now += 301;
      expect(await stand.verdict(stand.token())).toBe('key');
    }
  });

  it('is refused where the key of the issuer is too short', async () => {
    stand.issuer.key = keyPair('RS256', 'short', 1024);
    stand.issuer.published = [stand.issuer.key.jwk];
    expect(await stand.verdict(stand.token())).toBe('signature');
  });
});

describe('a token that brings its key along', () => {
  let foreign: Server;
  let asked: number;

  beforeEach(async () => {
    asked = 0;
    foreign = createServer((_, response) => {
      asked++;
      response.end();
    }).listen(0, '127.0.0.1');
    await once(foreign, 'listening');
  });

  afterEach(async () => {
    foreign.close();
    await once(foreign, 'close');
  });

  it('is refused, and the places that it names are not asked', async () => {
    const url = `http://127.0.0.1:${(foreign.address() as AddressInfo).port}/keys`;
    const own = keyPair('ES256', 'own');
    const headers = [
      { jwk: own.jwk },
      { jku: url },
      { x5u: url },
      { x5c: [own.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')] },
      { jwk: own.jwk, jku: url, x5u: url, kid: 'first' },
    ];
    for (const header of headers) {
      const kid = header.kid ?? 'own';
      const reason = kid === 'own' ? 'key' : 'signature';
      expect(await stand.verdict(tokenOf(stand.claims(), own, { ...header, kid }))).toBe(reason);
    }
    expect(asked).toBe(0);
  });
});

describe('a key id', () => {
  it.each([
    '../../../../dev/null',
    '/etc/passwd',
    'file:///dev/null',
    'http://127.0.0.1/keys',
    "first' OR '1'='1",
    'first\0',
    ' first',
    'First',
    '__proto__',
    '0',
    '',
    'x'.repeat(4000),
    7,
    null,
    ['first'],
    { first: 1 },
    true,
  ])('that is no key of the issuer is unknown: %j', async (kid) => {
    expect(await stand.verdict(stand.token({}, { kid }))).toMatch(/^(?:key|malformed)$/);
    expect(new Set(stand.issuer.asked)).toEqual(new Set(['/.well-known/openid-configuration', '/keys']));
  });
});

it('refuses extensions that it does not know', async () => {
  expect(await stand.verdict(stand.token({}, { crit: ['exp'], exp: 1 }))).toBe('malformed');
  expect(await stand.verdict(stand.token({}, { crit: ['b64'], b64: false }))).not.toBe('ok');
});

it('refuses what is no token at all, whatever it is, and asks nobody about it', async () => {
  const parts = stand.token().split('.');
  const texts = [
    '',
    '.',
    '..',
    '...',
    'el_id_secret',
    parts.slice(0, 2).join('.'),
    [...parts, ''].join('.'),
    [...parts, ...parts].join('.'),
    '.'.repeat(8000),
    `${Buffer.from('[]').toString('base64url')}.e30.AA`,
    `${Buffer.from('{"alg":"ES256"').toString('base64url')}.e30.AA`,
    `=${parts.join('.')}`,
    `\0${parts.join('.')}`,
  ];
  for (const text of texts) expect(await stand.verdict(text)).toBe('malformed');
  expect(stand.issuer.asked).toEqual([]);
});

it('refuses a token of which a character was changed', async () => {
  const token = stand.token();
  expect(await stand.verdict(token)).toBe('ok');
  await fc.assert(
    fc.asyncProperty(
      fc.nat(token.length - 2),
      fc.constantFrom('A', 'z', '0', '-', '.', '"', ' '),
      async (at, by) => {
        fc.pre(token[at] !== by);
        expect(await stand.verdict(token.slice(0, at) + by + token.slice(at + 1))).not.toBe('ok');
      },
    ),
  );
});

it('says nothing of a token, whatever is wrong with it', async () => {
  const canary = 'c4n4ry';
  const claims = { sub: canary, [canary]: canary, scope: canary, iss: canary };
  const tokens = [
    stand.token(claims),
    stand.token({ sub: `${canary}\n` }),
    stand.token({ exp: canary }),
    stand.token({ aud: canary }),
    stand.token({ exp: 1, sub: canary }),
    stand.token({}, { kid: canary }),
    stand.token({}, { typ: canary }),
    stand.token({}, { crit: [canary], [canary]: 1 }),
    unsignedToken({ alg: canary, kid: canary }, claims),
    canary,
    `${canary}.${canary}.${canary}`,
  ];
  for (const token of tokens) {
    const answer = await stand.verifier.principalOf(token);
    expect(answer.ok).toBe(false);
    expect(JSON.stringify(answer)).not.toContain(canary);
  }
  await stand.issuer.stop();
  stand.now += 301;
  expect(await stand.verdict(stand.token({}, { kid: canary }))).toBe('issuer-unavailable');
  expect(stand.logged).not.toEqual([]);
  expect(JSON.stringify(stand.logged)).not.toContain(canary);
});
