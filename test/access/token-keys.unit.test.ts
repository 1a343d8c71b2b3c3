import type { RequestListener } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MAX_DOCUMENT_BYTES } from '../../src/access/issuer-documents.js';
import { COOL_DOWN_MS, KEYS_LAST_MS } from '../../src/access/token-keys.js';
import { keyPair } from './token-maker.js';
import { Stand } from './verifier-stand.js';

const DISCOVERY = '/.well-known/openid-configuration';
const COOL_DOWN_S = COOL_DOWN_MS / 1000;
const KEYS_LAST_S = KEYS_LAST_MS / 1000;

let stand: Stand;

beforeEach(async () => {
  stand = await Stand.open();
});

afterEach(async () => {
  await stand.close();
});

const made = (): Promise<string> => stand.verdict(stand.token({}, { kid: 'made-up' }));

describe('keys of an issuer', () => {
  it('are asked for once, however many tokens come at once', async () => {
    const verdicts = await Promise.all(
      Array.from({ length: 50 }, (_, at) => stand.verdict(stand.token({ jti: at }))),
    );

    expect(new Set(verdicts)).toEqual(new Set(['ok']));
    expect(stand.issuer.asked).toEqual([DISCOVERY, '/keys']);
  });

  it('are found where the configuration says, without asking the issuer where', async () => {
    const direct = await Stand.open();
    const { issuer } = direct;
    await stand.close();
    stand = await Stand.open({ OIDC_JWKS_URL: issuer.keysUrl });
    stand.issuer.key = issuer.key;

    expect(await stand.verdict(stand.token())).toBe('ok');
    expect(stand.issuer.asked).toEqual([]);
    expect(issuer.asked).toEqual(['/keys']);
    await direct.close();
  });

  it('may be changed at any time: tokens of the new one are taken at once', async () => {
    expect(await stand.verdict(stand.token())).toBe('ok');
    stand.now += COOL_DOWN_S;
    stand.issuer.rotate('second');

    expect(await stand.verdict(stand.token())).toBe('ok');
    expect(stand.issuer.timesAsked).toBe(2);
  });

  it('are asked for seldom, however many tokens name keys that there are not', async () => {
    for (let second = 0; second < 2 * COOL_DOWN_S; second++) {
      expect(await made()).toBe('key');
      stand.now++;
    }
    expect(stand.issuer.timesAsked).toBe(2);
  });

  it('are taken anew after a while, also under the same name, and then those of old are refused', async () => {
    const old = stand.token();
    expect(await stand.verdict(old)).toBe('ok');
    stand.issuer.rotate('first');
    stand.now += KEYS_LAST_S - 1;
    expect(await stand.verdict(old)).toBe('ok');

    stand.now += 1;
    expect(await stand.verdict(old)).toBe('signature');
    expect(await stand.verdict(stand.token())).toBe('ok');
  });

  it('that were withdrawn are refused also of tokens that were verified before', async () => {
    const old = stand.token();
    expect(await stand.verdict(old)).toBe('ok');
    expect(await stand.verdict(old)).toBe('ok');
    stand.issuer.rotate('second');
    stand.now += KEYS_LAST_S;

    expect(await stand.verdict(old)).toBe('key');
  });
});

describe('an issuer that is away', () => {
  it('stops no token whose key is known, and is asked again until it is back', async () => {
    const early = stand.token();
    expect(await stand.verdict(early)).toBe('ok');
    await stand.issuer.stop();

    for (let minute = 0; minute < 8; minute++) {
      stand.now += 60;
      expect(await stand.verdict(early)).toBe('ok');
      expect(await stand.verdict(stand.token())).toBe('ok');
      expect(await made()).toBe('issuer-unavailable');
    }
    expect(stand.logged.map(({ level }) => level)).toEqual(['warn']);

    await stand.issuer.start();
    stand.issuer.rotate('second');
    stand.now += 60;
    expect(await stand.verdict(stand.token())).toBe('ok');
    expect(await stand.verdict(early)).toBe('key');
    expect(stand.logged.map(({ level }) => level)).toEqual(['warn', 'info']);
  });

  it('need not be there at the start', async () => {
    await stand.issuer.stop();
    const token = stand.token();
    expect(await stand.verdict(token)).toBe('issuer-unavailable');

    await stand.issuer.start();
    expect(await stand.verdict(token)).toBe('issuer-unavailable');
    expect(stand.issuer.asked).toEqual([]);
    stand.now += COOL_DOWN_S;
    expect(await stand.verdict(token)).toBe('ok');
  });

  it('and does not answer is waited for no longer than it may take', async () => {
    await stand.close();
    stand = await Stand.open({}, { patienceMs: 200 });
    const token = stand.token();
    expect(await stand.verdict(token)).toBe('ok');
    stand.issuer.instead.set('/keys', () => undefined);
    stand.now += KEYS_LAST_S;

    expect(await stand.verdict(token)).toBe('ok');
    expect(stand.logged).toHaveLength(1);
    expect(await made()).toBe('issuer-unavailable');
  });

  it('is waited for once, and then only by those whose key is not known', async () => {
    await stand.close();
    stand = await Stand.open({}, { patienceMs: 600_000 });
    const token = stand.token();
    expect(await stand.verdict(token)).toBe('ok');
    stand.issuer.instead.set('/keys', (_, response) => response.writeHead(500).end());
    stand.now += KEYS_LAST_S;
    expect(await stand.verdict(token)).toBe('ok');

    stand.issuer.instead.set('/keys', () => undefined);
    stand.now += COOL_DOWN_S;
    expect(await stand.verdict(token)).toBe('ok');
    expect(await stand.verdict(stand.token({ jti: 'new' }))).toBe('ok');
    await expect.poll(() => stand.issuer.timesAsked).toBe(3);
  });

  it('is waited for no longer once the verifier is closed', async () => {
    stand.issuer.instead.set('/keys', () => stand.verifier.close());
    expect(await stand.verdict(stand.token())).toBe('issuer-unavailable');
    stand.now += KEYS_LAST_S;
    expect(await stand.verdict(stand.token())).toBe('issuer-unavailable');
    expect(stand.issuer.timesAsked).toBe(1);
    expect(stand.logged).toEqual([]);
  });
});

describe('documents of an issuer', () => {
  const json =
    (text: string): RequestListener =>
    (_, response) => {
      response.end(text);
    };

  async function refusedWith(path: string, instead: RequestListener): Promise<string> {
    stand.issuer.instead.set(path, instead);
    expect(await stand.verdict(stand.token())).toBe('issuer-unavailable');
    return stand.logged.map(({ text }) => text).join('\n');
  }

  it.each(['', 'x', '[]', 'null', '{"keys":{}}', '{"keys":[1]}', '{}', '\xff'])(
    'that are no set of keys are refused: %s',
    async (text) => {
      expect(await refusedWith('/keys', json(text))).toContain(`${stand.issuer.keysUrl} is no`);
    },
  );

  it.each([DISCOVERY, '/keys'])('are read only to a length: %s', async (path) => {
    let sent = 0;
    const endless: RequestListener = (_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(' '.repeat(16_384))) sent += 16_384;
      };
      response.on('drain', more).on('error', () => undefined);
      more();
    };
    expect(await refusedWith(path, endless)).toContain(`has more than ${MAX_DOCUMENT_BYTES} bytes`);
    expect(sent).toBeLessThan(100 * MAX_DOCUMENT_BYTES);
  });

  it.each([DISCOVERY, '/keys'])('are not looked for elsewhere: %s', async (path) => {
    const elsewhere: RequestListener = (_, response) => {
      response.writeHead(302, { location: '/elsewhere' }).end();
    };
    expect(await refusedWith(path, elsewhere)).toContain('cannot be fetched');
    expect(stand.issuer.asked).not.toContain('/elsewhere');
  });

  it.each([404, 500, 204])('are refused with status %i', async (status) => {
    const answer: RequestListener = (_, response) => {
      response.writeHead(status).end();
    };
    expect(await refusedWith('/keys', answer)).toContain(`was answered with ${status}`);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['another issuer', { issuer: 'https://other.example' }, 'must have the member issuer'],
    ['no issuer', { issuer: undefined }, 'must have the member issuer'],
    ['no place of keys', { jwks_uri: undefined }, 'must have the member jwks_uri'],
    ['keys over plain HTTP', { jwks_uri: 'http://192.0.2.1/keys' }, 'must begin with https://'],
    ['keys in a file', { jwks_uri: 'file:///etc/passwd' }, 'must begin with https://'],
    ['keys behind a password', { jwks_uri: 'https://a:b@example.com/' }, 'must not hold a user'],
  ])('that describe %s are refused', async (_, others, complaint) => {
    stand.issuer.description = { issuer: stand.issuer.url, jwks_uri: stand.issuer.keysUrl, ...others };
    expect(await stand.verdict(stand.token())).toBe('issuer-unavailable');
    expect(stand.logged[0]?.text).toContain(complaint);
    expect(stand.issuer.timesAsked).toBe(0);
  });

  it('may hold keys of kinds that are not used here', async () => {
    const odd = [{ kty: 'oct', k: 'AAAA' }, { kty: 'unheard-of' }, keyPair('EdDSA', 'first').jwk];
    stand.issuer.published = [...odd, stand.issuer.key.jwk];
    expect(await stand.verdict(stand.token())).toBe('ok');
  });
});
