import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { requireFit } from '../../src/access/refusal.js';
import { mayWriteTo } from '../../src/access/principal.js';
import { MAX_TOKEN_LENGTH } from '../../src/access/token-answer.js';
import { CLOCK_TOLERANCE_S } from '../../src/access/tokens.js';
import { keyPair, tokenOf, type Algorithm } from './token-maker.js';
import { AUDIENCE, Stand } from './verifier-stand.js';

let stand: Stand;

beforeEach(async () => {
  stand = await Stand.open();
});

afterEach(async () => {
  await stand.close();
});

async function principalOf(token: string) {
  const answer = await stand.verifier.principalOf(token);
  if (!answer.ok) throw new Error(answer.detail);
  return answer.principal;
}

describe('a token of the issuer', () => {
  it('makes its bearer a principal with the roles and sources that its claims map to', async () => {
    const answer = await stand.verifier.principalOf(stand.token());

    expect(answer).toEqual({
      ok: true,
      principal: { name: 'oidc:svc-billing', roles: ['writer'], sources: ['billing.*'] },
      expiresAtMs: (stand.now + 600 + CLOCK_TOLERANCE_S) * 1000,
    });
  });

  it.each(['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'] satisfies Algorithm[])(
    'is taken signed by %s',
    async (alg) => {
      stand.issuer.key = keyPair(alg, 'one');
      stand.issuer.published = [stand.issuer.key.jwk];

      expect(await stand.verdict(stand.token())).toBe('ok');
    },
  );

  it.each([['at+jwt'], ['application/at+jwt'], ['AT+JWT'], ['JWT'], [undefined]])(
    'is taken with the type %s',
    async (typ) => {
      expect(await stand.verdict(stand.token({}, { typ }))).toBe('ok');
    },
  );

  it.each([['logout+jwt'], ['dpop+jwt'], ['secevent+jwt'], ['JOSE'], [''], [7], [null]])(
    'is refused with the type %s',
    async (typ) => {
      expect(await stand.verdict(stand.token({}, { typ }))).toBe('type');
    },
  );

  it('is taken without a key id where the issuer has one key', async () => {
    expect(await stand.verdict(stand.token({}, { kid: undefined }))).toBe('ok');
  });

  it('is taken for several audiences when this is one', async () => {
    expect(await stand.verdict(stand.token({ aud: ['other', AUDIENCE] }))).toBe('ok');
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['another issuer', { iss: 'https://other.example' }, 'issuer'],
    ['no issuer', { iss: undefined }, 'issuer'],
    ['a list of issuers', { iss: ['https://other.example'] }, 'issuer'],
    ['another audience', { aud: 'https://other.example' }, 'audience'],
    ['no audience', { aud: undefined }, 'audience'],
    ['a part of the audience', { aud: 'https://ledger' }, 'audience'],
    ['no expiry', { exp: undefined }, 'claims'],
    ['an expiry that is a text', { exp: '99999999999' }, 'claims'],
    ['an expiry that is null', { exp: null }, 'claims'],
    ['a beginning that is a text', { nbf: '0' }, 'claims'],
    ['a key that it is bound to', { cnf: { jkt: 'x' } }, 'bound'],
    ['no name', { sub: undefined }, 'name'],
    ['an empty name', { sub: '' }, 'name'],
    ['a name that is a number', { sub: 7 }, 'name'],
    ['a name with a line break', { sub: 'a\nb' }, 'name'],
    ['a name with white space at its end', { sub: 'kim ' }, 'name'],
    ['a name that is too long', { sub: 'x'.repeat(508) }, 'name'],
  ])('is refused with %s', async (_, others, reason) => {
    expect(await stand.verdict(stand.token(others))).toBe(reason);
  });

  it('is refused where the issuer is written in another way', async () => {
    expect(await stand.verdict(stand.token({ iss: `${stand.issuer.url}/` }))).toBe('issuer');
  });

  it('is taken with the longest name', async () => {
    const { name } = await principalOf(stand.token({ sub: 'x'.repeat(507) }));
    expect(Buffer.byteLength(name)).toBe(512);
  });
});

describe('the times of a token', () => {
  it('are taken with a small tolerance, and not beyond it', async () => {
    const at = (exp: number) => stand.verdict(stand.token({ exp: stand.now + exp }));

    expect(await at(1 - CLOCK_TOLERANCE_S)).toBe('ok');
    expect(await at(-CLOCK_TOLERANCE_S)).toBe('expired');
    expect(await stand.verdict(stand.token({ nbf: stand.now + CLOCK_TOLERANCE_S }))).toBe('ok');
    expect(await stand.verdict(stand.token({ nbf: stand.now + CLOCK_TOLERANCE_S + 1 }))).toBe(
      'not-yet-valid',
    );
  });

  it('say exactly when it is refused from, also of one that was verified before', async () => {
    const token = stand.token({ exp: stand.now + 59.5 });
    const answer = await stand.verifier.principalOf(token);
    if (!answer.ok) throw new Error(answer.detail);

    stand.now = answer.expiresAtMs / 1000 - 1;
    expect(await stand.verdict(token)).toBe('ok');
    stand.now = answer.expiresAtMs / 1000;
    expect(await stand.verdict(token)).toBe('expired');
  });

  it('may be later than any date', async () => {
    const token = tokenOf(
      JSON.stringify(stand.claims()).replace(/"exp":\d+/, '"exp":1e400'),
      stand.issuer.key,
    );
    const answer = await stand.verifier.principalOf(token);
    expect(answer.ok && new Date(answer.expiresAtMs).toISOString()).toBe('+275760-09-13T00:00:00.000Z');
  });
});

describe('the claims of a token', () => {
  it('may nothing when nothing of them maps', async () => {
    for (const scope of [undefined, '', 'openid', 'ledger:billing2', 'LEDGER:BILLING', 7, {}, [7], null]) {
      const principal = await principalOf(stand.token({ scope }));
      expect(principal).toMatchObject({ roles: [], sources: [] });
      expect(mayWriteTo(principal, 'billing.eu')).toBe(false);
    }
  });

  it('map together when several do', async () => {
    const principal = await principalOf(
      stand.token({ scope: 'ledger:audit ledger:shipping x ledger:billing' }),
    );
    expect(principal.roles).toEqual(['writer', 'auditor', 'monitor']);
    expect(principal.sources).toEqual(['shipping', 'billing.*']);
  });

  it('give no role the sources of another', async () => {
    const both = stand.token({ scope: 'ledger:billing ledger:all' });
    expect(await stand.verdict(both)).toBe('sources');
    expect(await principalOf(stand.token({ scope: 'ledger:billing ledger:reading' }))).toMatchObject({
      roles: ['writer', 'reader'],
      sources: ['billing.*'],
    });
  });

  it('make nobody a reader of some sources who may read all, nor a writer of some who may write to all', async () => {
    expect(await principalOf(stand.token({ scope: 'ledger:billing ledger:all ledger:audit' }))).toMatchObject(
      {
        roles: ['writer', 'auditor', 'monitor'],
        sources: ['billing.*'],
      },
    );
    expect(await principalOf(stand.token({ scope: 'ledger:billing ledger:all ledger:admin' }))).toMatchObject(
      {
        roles: ['admin'],
        sources: [],
      },
    );
  });

  it('name nobody like a member that every object has', async () => {
    expect(await principalOf(stand.token({ scope: 'constructor __proto__ toString' }))).toMatchObject({
      roles: [],
    });
  });
});

describe('claims that are configured', () => {
  const open = async (environment: Record<string, string>) => {
    await stand.close();
    stand = await Stand.open(environment);
  };

  it('are found by name and by JSON Pointer', async () => {
    await open({ OIDC_NAME_CLAIM: 'https://x.example/name', OIDC_ROLES_CLAIM: '/realm_access/roles' });
    const token = stand.token({
      'https://x.example/name': 'kim',
      realm_access: { roles: ['other', 'ledger:audit'] },
    });
    expect(await principalOf(token)).toEqual({
      name: 'oidc:kim',
      roles: ['auditor', 'monitor'],
      sources: [],
    });
  });

  it('are split at spaces only where they are scopes', async () => {
    await open({ OIDC_ROLES_CLAIM: 'groups' });
    expect((await principalOf(stand.token({ groups: 'not ledger:audit' }))).roles).toEqual([]);
    expect((await principalOf(stand.token({ groups: 'ledger:audit' }))).roles).toEqual([
      'auditor',
      'monitor',
    ]);
  });

  it('do not find what every object has', async () => {
    await open({ OIDC_NAME_CLAIM: '/sub/constructor/name' });
    expect(await stand.verdict(stand.token())).toBe('name');
  });
});

it('names nobody like a credential that is kept here', async () => {
  for (const sub of ['admin', 'svc-billing', 'oidc:admin']) {
    const { name } = await principalOf(stand.token({ sub }));
    expect(() =>
      requireFit({ name, roles: ['monitor'], sources: [], kind: 'key', lifetimeMs: null }),
    ).toThrow(/must not have a colon/);
  }
});

it('looks at no token that is too long', async () => {
  const token = stand.token({ filler: 'x'.repeat(MAX_TOKEN_LENGTH) });

  expect(await stand.verdict(token)).toBe('too-long');
  expect(await stand.verdict('x'.repeat(50_000_000))).toBe('too-long');
  expect(stand.issuer.asked).toEqual([]);
});
