import { describe, expect, it } from 'vitest';
import { keysUrlProblem } from '../../src/access/issuer-url.js';
import { readTokenSettings, type TokenSettings } from '../../src/access/token-settings.js';
import { Variables, type Environment } from '../../src/variables.js';

const GOOD = {
  OIDC_ISSUER: 'https://login.example/realm',
  OIDC_AUDIENCE: 'ledger',
  OIDC_ROLES: '{"a":{"roles":["auditor"]}}',
};

function settingsOf(environment: Environment): TokenSettings | null {
  const read = new Variables(environment);
  const settings = readTokenSettings(read);
  read.finish();
  return settings;
}

function complaint(environment: Readonly<Record<string, string>>): string {
  try {
    settingsOf({ ...GOOD, ...environment });
  } catch (error) {
    return (error as Error).message;
  }
  return '';
}

describe('the settings of tokens', () => {
  it('are none where no variable is set', () => {
    expect(settingsOf({ OIDC_ISSUER: '', PATH: '/bin' })).toBeNull();
  });

  it('have defaults for what may be left out', () => {
    expect(settingsOf({ ...GOOD, OIDC_JWKS_URL: '' })).toEqual({
      issuer: 'https://login.example/realm',
      audience: 'ledger',
      jwksUrl: null,
      nameClaim: ['sub'],
      rolesClaim: ['scope'],
      roles: new Map([['a', { roles: ['auditor'], sources: [] }]]),
    });
  });

  it('take a claim by its name, or by a JSON Pointer', () => {
    const settings = settingsOf({
      ...GOOD,
      OIDC_NAME_CLAIM: 'https://x.example/a.b',
      OIDC_ROLES_CLAIM: '/resource_access/a~1b/roles',
    });
    expect(settings?.nameClaim).toEqual(['https://x.example/a.b']);
    expect(settings?.rolesClaim).toEqual(['resource_access', 'a/b', 'roles']);
    expect(complaint({ OIDC_NAME_CLAIM: '/a~2' })).toMatch(/^OIDC_NAME_CLAIM: must be a JSON Pointer/);
  });

  it('name every mistake at once', () => {
    const mistakes = complaint({ OIDC_ISSUER: 'x', OIDC_AUDIENCE: '', OIDC_ROLES: '', OIDC_JWKS_URL: 'y' });
    expect(mistakes.split('\n').map((line) => line.split(':')[0])).toEqual([
      'OIDC_ISSUER',
      'OIDC_AUDIENCE',
      'OIDC_JWKS_URL',
      'OIDC_ROLES',
    ]);
  });

  it('must be whole when one is given', () => {
    expect(() => settingsOf({ OIDC_NAME_CLAIM: 'email' })).toThrow(/OIDC_ISSUER: must be set/);
  });
});

describe('the URL of an issuer', () => {
  it.each([
    'https://login.example',
    'https://login.example/',
    'https://login.example:8443/realm',
    'http://127.0.0.1:8080',
    'http://127.1.2.3',
    'http://[::1]:8080/x',
    'http://localhost:8080',
  ])('may be %s', (url) => {
    expect(complaint({ OIDC_ISSUER: url })).toBe('');
  });

  it.each([
    ['http://login.example', 'must begin with https://'],
    ['http://localhost.example', 'must begin with https://'],
    ['http://127.0.0.1.example', 'must begin with https://'],
    ['http://0.0.0.0', 'must begin with https://'],
    ['http://[::ffff:192.0.2.1]', 'must begin with https://'],
    ['file:///etc/keys', 'must begin with https://'],
    ['data:application/json,{}', 'must begin with https://'],
    ['login.example', 'must be a URL'],
    ['https://login.example?', 'must not have a query'],
    ['https://login.example?a=1', 'must not have a query'],
    ['https://login.example#', 'must not have a fragment'],
  ])('may not be %s', (url, detail) => {
    expect(complaint({ OIDC_ISSUER: url })).toContain(`OIDC_ISSUER: ${detail}`);
  });

  it('may hold no password, and none is repeated', () => {
    const mistakes = complaint({
      OIDC_ISSUER: 'https://me:hush@login.example',
      OIDC_JWKS_URL: 'https://hush@x',
    });
    expect(mistakes.match(/must not hold a user or a password/g)).toHaveLength(2);
    expect(mistakes).not.toContain('hush');
  });
});

it('lets an issuer name keys on this machine only where it is on it itself', () => {
  expect(keysUrlProblem('https://keys.example/', 'https://login.example')).toBeNull();
  expect(keysUrlProblem('http://127.0.0.1/keys', 'http://localhost')).toBeNull();
  expect(keysUrlProblem('http://127.0.0.1/keys', 'https://login.example')).toMatch(/must begin with https/);
});

describe('the mapping of roles', () => {
  it('lets readers read also what the ledger itself records', () => {
    const roles = JSON.stringify({ a: { roles: ['reader'], sources: ['_access', '_*', '*'] } });
    expect(complaint({ OIDC_ROLES: roles })).toBe('');
  });

  it('gives writers their sources', () => {
    const roles = {
      w: { roles: ['writer', 'monitor'], sources: ['a', 'b.*', '*'] },
      x: { roles: ['admin'] },
    };
    expect(settingsOf({ ...GOOD, OIDC_ROLES: JSON.stringify(roles) })?.roles).toEqual(
      new Map([
        ['w', { roles: ['writer', 'monitor'], sources: ['a', 'b.*', '*'] }],
        ['x', { roles: ['admin'], sources: [] }],
      ]),
    );
  });

  it.each([
    ['no', 'expected a value'],
    ['[]', 'must be a JSON object'],
    ['{}', 'must be a JSON object'],
    ['{"a":{"roles":["auditor"]},"a":{"roles":["admin"]}}', '/a must not be given twice'],
    ['{"":{"roles":["auditor"]}}', '/ must have a name'],
    ['{"a":"auditor"}', '/a must be an object'],
    ['{"a":{}}', '/a/roles must be a list'],
    ['{"a":{"roles":[]}}', '/a/roles must be a list'],
    ['{"a":{"roles":"admin"}}', '/a/roles must be a list'],
    ['{"a":{"roles":[1]}}', '/a/roles must be a list'],
    ['{"a":{"roles":["Admin"]}}', '/a/roles/0 must be one of'],
    ['{"a":{"role":["admin"],"roles":["admin"]}}', '/a/role is no member'],
    ['{"a":{"roles":["writer"]}}', '/a must have the member sources'],
    ['{"a":{"roles":["reader"]}}', '/a must have the member sources'],
    ['{"a":{"roles":["writer"],"sources":[]}}', '/a/sources must be a list'],
    ['{"a":{"roles":["writer"],"sources":null}}', '/a/sources must be a list'],
    ['{"a":{"roles":["admin"],"sources":["b"]}}', '/a/sources must not be given'],
    ['{"a":{"roles":["writer"],"sources":["_schemas"]}}', "/a/sources/0 must not begin with '_'"],
    ['{"a":{"roles":["writer"],"sources":["b","_*"]}}', "/a/sources/1 must not begin with '_'"],
    ['{"a":{"roles":["writer"],"sources":["b*c"]}}', '/a/sources/0 must have its star at the end'],
    ['{"a":{"roles":["writer"],"sources":["**"]}}', '/a/sources/0 must have its star at the end'],
    ['{"a":{"roles":["writer"],"sources":[""]}}', '/a/sources/0 must not be empty'],
    ['{"a":{"roles":["writer"],"sources":["$x*"]}}', "/a/sources/0 must not begin with '$'"],
    ['{"a":{"roles":["writer"],"sources":[" b"]}}', '/a/sources/0 must not begin or end with white space'],
  ])('is refused as %s', (text, detail) => {
    expect(complaint({ OIDC_ROLES: text })).toContain(`OIDC_ROLES: ${detail}`);
  });

  it('is told every mistake in it', () => {
    const text = '{"a":{"roles":["x","y"]},"b":{"roles":["writer"],"sources":["~","c*d"]}}';
    expect(complaint({ OIDC_ROLES: text }).split('\n')).toHaveLength(4);
  });
});
