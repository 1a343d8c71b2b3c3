import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { singleUser, withTokens } from '../../src/http/authentication.js';
import { Stand } from '../access/verifier-stand.js';
import { PASSWORD, startApi, type TestApi } from '../support/api.js';

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe('an access token', () => {
  let stand: Stand;
  let api: TestApi;

  beforeAll(async () => {
    stand = await Stand.open();
    api = await startApi({
      server: { authenticator: withTokens(singleUser('admin', PASSWORD), stand.verifier) },
    });
  });

  afterAll(async () => {
    await api.close();
    await stand.close();
  });

  const event = (source: string) => ({ source, type: 'a', payload: 1 });

  it('lets its bearer do what its claims give, under the name that it has at the issuer', async () => {
    const token = stand.token({ scope: 'ledger:billing' });
    const taken = await api.post('/v1/events', event('billing.eu'), bearer(token));
    expect(taken.status).toBe(202);
    const { body } = await api.get<{ metadata: { recordedBy: string } }>(
      `/v1/sources/billing.eu/events/${String(taken.body.revision)}`,
    );
    expect(body.metadata.recordedBy).toBe('oidc:svc-billing');
    expect((await api.post('/v1/events', event('crm'), bearer(token))).status).toBe(403);
    expect((await api.get('/v1/events', bearer(token))).status).toBe(403);
  });

  it('is refused with a challenge, and nothing of it in the answer', async () => {
    for (const token of [stand.token({ exp: stand.now - 60 }), stand.token({ aud: 'other' }), 'canary.c.c']) {
      const { status, headers, text } = await api.get('/v1/events', bearer(token));
      expect(status).toBe(401);
      expect(headers.get('www-authenticate')).toContain('Bearer realm="event-ledger", error="invalid_token"');
      expect(text).not.toContain(token.slice(0, 8));
    }
  });

  it('is taken while the issuer is away, if its key is known; whose key is not known comes again', async () => {
    const known = stand.token({ scope: 'ledger:audit' });
    expect((await api.get('/v1/head', bearer(known))).status).toBe(200);
    await stand.issuer.stop();
    expect((await api.get('/v1/head', bearer(known))).status).toBe(200);
    stand.issuer.rotate('second');
    stand.now += 3_600;
    const unknown = stand.token({ scope: 'ledger:audit' });
    const { status, headers, body } = await api.get('/v1/head', bearer(unknown));
    expect({ status, code: body.code }).toEqual({ status: 503, code: 'issuer-unavailable' });
    expect(headers.get('retry-after')).not.toBeNull();
    expect((await api.get('/v1/head')).status).toBe(200);
    await stand.issuer.start();
    stand.now += 60;
    await expect
      .poll(async () => (await api.get('/v1/head', bearer(unknown))).status, { timeout: 5_000 })
      .toBe(200);
  });

  it('ends a tail when it expires', async () => {
    const token = stand.token({ scope: 'ledger:audit', exp: stand.now + 600 });
    const response = await fetch(`${api.url}/v1/events/stream?fromIndex=0`, { headers: bearer(token) });
    expect(response.status).toBe(200);
    const reading = response.text();
    await api.post('/v1/events', event('billing.eu'));
    stand.now += 700;
    const text = await reading;
    expect(text).toContain('event: entry');
    expect(text).toMatch(/event: problem\ndata: .*"code":"unauthorized".*\n\n$/);
  });
});
