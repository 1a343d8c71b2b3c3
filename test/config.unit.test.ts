import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readClientConfig, readConfig } from '../src/config.js';
import { RATES } from '../src/http/limits.js';

describe('the configuration', () => {
  it('has limits unless others are given', () => {
    expect(readConfig({})).toMatchObject({ maxConnections: 10_000, maxTails: 100 });
    expect(readConfig({ MAX_CONNECTIONS: '50', MAX_TAILS: '0' })).toMatchObject({
      maxConnections: 50,
      maxTails: 0,
    });
  });

  it.each(['0', '-1', '1e3', 'many', '1000001'])('a process has a connection or more: %s', (value) => {
    expect(() => readConfig({ MAX_CONNECTIONS: value })).toThrow(/^MAX_CONNECTIONS: must be a whole number/);
  });

  it('says whose access tokens are taken, and names what is wrong with that beside all else', () => {
    expect(readConfig({}).tokens).toBeNull();
    const oidc = { OIDC_ISSUER: 'https://issuer.example', OIDC_AUDIENCE: 'ledger' };
    const { tokens } = readConfig({ ...oidc, OIDC_ROLES: '{"audit":{"roles":["auditor"]}}' });
    expect(tokens).toMatchObject({ issuer: 'https://issuer.example', audience: 'ledger' });
    expect(() => readConfig({ ...oidc, PORT: 'x' })).toThrow(
      /^PORT: [^]*\nOIDC_ROLES: |^OIDC_ROLES: [^]*\nPORT: /,
    );
  });
});

describe('TLS', () => {
  const both = { TLS_CERT_FILE: '/c', TLS_KEY_FILE: 'k' };

  it('takes two files or none', () => {
    expect(readConfig({}).tls).toBeNull();
    expect(readConfig(both).tls).toEqual({ certificate: '/c', key: resolve('k') });
    expect(() => readConfig({ ...both, TLS_KEY_FILE: '' })).toThrow(/^TLS_KEY_FILE: must be set together/);
    expect(() => readConfig({ ...both, TLS_CERT_FILE: '' })).toThrow(/^TLS_CERT_FILE: must be set together/);
  });

  it('is what commands of the same settings ask over', () => {
    expect(readClientConfig({ ...both, PORT: '9090' }, {}).url).toBe('https://127.0.0.1:9090');
    expect(readClientConfig({ ...both, LEDGER_URL: 'http://x' }, {}).url).toBe('http://x');
  });
});

describe('TRUST_PROXY', () => {
  it('names addresses and networks', () => {
    expect(readConfig({}).proxies).toEqual([]);
    const given = '10.0.0.5, 10.1.0.0/16,fd00::/8 ,::1, loopback,';
    const proxies = ['10.0.0.5', '10.1.0.0/16', 'fd00::/8', '::1', 'loopback'];
    expect(readConfig({ TRUST_PROXY: given })).toMatchObject({ proxies });
  });

  it.each([
    ...['true', '*', 'all', 'proxy.example', '10.0.0', '10.0.0.0/33', '10.0.0.0/0', '::/0', 'fd00::/129'],
    ...['10.0.0.0/8/8', '10.0.0.0/', '/8', '10.0.0.0/-1', 'fe80::1%eth0', '10.0.0.5:80', '__proto__'],
  ])('and nothing else: %s', (value) => {
    expect(() => readConfig({ TRUST_PROXY: `loopback, ${value}` })).toThrow(
      /^TRUST_PROXY: must be addresses .*, not "/,
    );
  });

  it('and no number of hops, which a client that comes past the proxy could make up', () => {
    expect(() => readConfig({ TRUST_PROXY: '1' })).toThrow(/^TRUST_PROXY: .*number of hops/);
  });
});

it('ALLOW_PLAIN_HTTP is off unless it is said in full', () => {
  expect(
    [{}, { ALLOW_PLAIN_HTTP: 'false' }, { ALLOW_PLAIN_HTTP: 'true' }].map((e) => readConfig(e).plainHttp),
  ).toEqual([false, false, true]);
  expect(() => readConfig({ ALLOW_PLAIN_HTTP: 'yes' })).toThrow(
    /^ALLOW_PLAIN_HTTP: must be one of true, false/,
  );
});

describe('CORS_ORIGINS', () => {
  it('names origins as browsers send them', () => {
    expect(readConfig({}).corsOrigins).toEqual([]);
    const given = 'https://console.example, http://localhost:3000';
    expect(readConfig({ CORS_ORIGINS: given }).corsOrigins).toEqual([
      'https://console.example',
      'http://localhost:3000',
    ]);
  });

  it.each(['*', 'null', 'console.example', 'https://console.example/', 'https://Console.example', 'ftp://x'])(
    'and nothing else: %s',
    (value) => {
      expect(() => readConfig({ CORS_ORIGINS: value })).toThrow(/^CORS_ORIGINS: must be origins/);
    },
  );
});

describe('rates', () => {
  it('are those of the server unless others are given; 0 is none', () => {
    expect(readConfig({}).rates).toEqual(RATES);
    const given = { RATE_LIMIT_ADDRESS: '0', RATE_LIMIT_PRINCIPAL: '600', RATE_LIMIT_FAILED_LOGINS: '5' };
    expect(readConfig(given).rates).toEqual({ address: 0, principal: 600, failedLogins: 5 });
    expect(() => readConfig({ RATE_LIMIT_ADDRESS: 'x' })).toThrow(/^RATE_LIMIT_ADDRESS: /);
  });
});

describe('the credentials of a command', () => {
  const token = { LEDGER_TOKEN: 'el_000000000000_canary' };

  it('are a token, or else a user and a password', () => {
    expect(readClientConfig({ ...token, LEDGER_ADMIN_PASSWORD: 'p' }, {})).toMatchObject({
      ...{ token: token.LEDGER_TOKEN, password: null },
    });
    expect(readClientConfig({ LEDGER_ADMIN_PASSWORD: 'p' }, {})).toMatchObject({
      ...{ token: null, user: 'admin', password: 'p' },
    });
  });

  it('are not those of two: a token and a user are both named, and not repeated', () => {
    const both = /^LEDGER_USER: must not be set together with LEDGER_TOKEN/;
    expect(() => readClientConfig({ ...token, LEDGER_USER: 'ann' }, {})).toThrow(both);
    expect(() => readClientConfig(token, { user: 'ann' })).toThrow(/^--user: must not be .* LEDGER_TOKEN/);
    const twice = { ...token, LEDGER_TOKEN_FILE: '/nowhere' };
    expect(() => readClientConfig(twice, {})).toThrow(/^LEDGER_TOKEN: set either LEDGER_TOKEN or/);
  });

  it.each(['canary secret', 'Bearer canary', 'cänary', 'canary\n'])('%j is no token', (LEDGER_TOKEN) => {
    const mistake = /^LEDGER_TOKEN: must be an API key \(el_…\) or an access token, and nothing else$/;
    expect(() => readClientConfig({ LEDGER_TOKEN }, {})).toThrow(mistake);
  });
});

describe('RECORD_READS', () => {
  it('is off unless it is true, and nothing else than true or false', () => {
    expect(readConfig({}).recordReads).toBe(false);
    expect(readConfig({ RECORD_READS: 'true' }).recordReads).toBe(true);
    expect(() => readConfig({ RECORD_READS: 'yes' })).toThrow('RECORD_READS: must be one of true, false');
  });
});
