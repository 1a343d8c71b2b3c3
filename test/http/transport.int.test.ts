import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Credentials } from '../../src/http/authentication.js';
import { AUTHORIZATION, startApi, type Answer, type TestApi, type TestApiOptions } from '../support/api.js';
import { createLedgerDatabase, type LedgerDatabase } from '../support/ledger-database.js';

/** By which a client on this machine is one of another; none in some sandboxes, and then the unit test has to do. */
const ADDRESS = Object.values(networkInterfaces())
  .flat()
  .find((each) => each?.family === 'IPv4' && !each.internal)?.address;

describe('how a request came', () => {
  let database: LedgerDatabase;

  beforeAll(async () => {
    database = await createLedgerDatabase();
  });
  afterAll(() => database.drop());

  async function withApi(options: TestApiOptions, test: (api: TestApi) => Promise<void>): Promise<void> {
    const api = await startApi({ database, project: false, ...options });
    await test(api).finally(() => api.close());
  }

  const told = ({ status, body }: Answer): unknown => [status, body.code];
  const REFUSED = [403, 'insecure-transport'];

  describe.runIf(ADDRESS !== undefined)('over plain HTTP from another machine', () => {
    const host = ADDRESS ?? '';

    it('with credentials it is refused before anybody looks at them; probes are answered', async () => {
      const seen: Credentials[] = [];
      const authenticator = {
        authenticate: (given: Credentials) => {
          seen.push(given);
          return null;
        },
      };
      await withApi({ host, server: { authenticator } }, async (api) => {
        expect(told(await api.get('/v1/head'))).toEqual(REFUSED);
        expect(told(await api.get('/v1/head', { authorization: 'Bearer el_1_canary' }))).toEqual(REFUSED);
        expect(told(await api.get('/health'))).toEqual(REFUSED);
        expect(told(await api.get('/openapi.json'))).toEqual(REFUSED);
        // who has none is not told to send some
        expect(told(await api.anonymous('/v1/head'))).toEqual(REFUSED);
        for (const path of ['/livez', '/readyz', '/health'])
          expect((await api.anonymous(path)).status).toBe(200);
      });
      expect(seen).toEqual([]);
    });

    it('a forged X-Forwarded-Proto helps nobody, where no proxy is trusted and where another one is', async () => {
      const forged = {
        'x-forwarded-proto': 'https',
        'x-forwarded-for': '127.0.0.1',
        forwarded: 'proto=https',
      };
      for (const proxies of [[], ['192.0.2.1', '10.255.255.0/24']])
        await withApi({ host, server: { proxies } }, async (api) => {
          expect(told(await api.get('/v1/head', forged))).toEqual(REFUSED);
        });
    });

    it('it is taken where that is configured, and of a trusted proxy whose client came over https', async () => {
      await withApi({ host, server: { plainHttp: true } }, async (api) => {
        expect((await api.get('/v1/head')).status).toBe(200);
        expect((await api.anonymous('/v1/head')).status).toBe(401);
      });
      await withApi({ host, server: { proxies: [host] } }, async (api) => {
        const came = (proto: string) => api.get('/v1/head', { 'x-forwarded-proto': proto });
        expect((await came('https')).status).toBe(200);
        expect((await came('http, https')).status).toBe(200);
        for (const proto of ['http', 'https, http', 'garbage', ' ', 'https garbage'])
          expect(told(await came(proto))).toEqual(REFUSED);
        expect(told(await api.get('/v1/head'))).toEqual(REFUSED);
      });
    });
  });

  it('a client elsewhere of a proxy here is refused where the proxy says that it came over plain HTTP', () =>
    withApi({ server: { proxies: ['loopback'] } }, async (api) => {
      const from = { 'x-forwarded-for': '203.0.113.5' };
      expect(told(await api.get('/v1/head', { ...from, 'x-forwarded-proto': 'http' }))).toEqual(REFUSED);
      expect((await api.get('/v1/head', { ...from, 'x-forwarded-proto': 'https' })).status).toBe(200);
      expect((await api.get('/v1/head')).status).toBe(200);
    }));

  describe('X-Forwarded-For', () => {
    /** The answer to a request whose header fields say this of its client. */
    async function statusOf(api: TestApi, fields: readonly string[]): Promise<number> {
      // several are sent as one, which is what Node.js makes of several that come
      const headers = fields.map((field): [string, string] => ['x-forwarded-for', field]);
      const answer = await api.anonymous('/v1/head', {
        headers: [['authorization', AUTHORIZATION], ['x-forwarded-proto', 'https'], ...headers],
      });
      return answer.status;
    }
    const limited = (proxies: readonly string[]): TestApiOptions => ({
      server: { proxies, rates: { address: 2, principal: 0, failedLogins: 0 } },
    });

    it.each([
      ['no proxy is trusted', []],
      ['another one is', ['192.0.2.1', 'fd00::/8']],
    ])('changes nothing where %s', (_what, proxies) =>
      withApi(limited(proxies), async (api) => {
        const said = [['203.0.113.1'], ['203.0.113.2', '192.0.2.1'], ['garbage'], ['::1']];
        const statuses = [];
        for (const fields of said) statuses.push(await statusOf(api, fields));
        expect(statuses).toEqual([200, 200, 429, 429]);
      }),
    );

    it('of a trusted proxy names the client: the last that is no proxy, whatever stands before it', () =>
      withApi(limited(['loopback', '10.0.0.0/8']), async (api) => {
        expect(await statusOf(api, ['203.0.113.1'])).toBe(200);
        expect(await statusOf(api, ['198.51.100.9, 203.0.113.1, 10.0.0.7'])).toBe(200);
        expect(await statusOf(api, ['garbage', '198.51.100.8', '203.0.113.1:4711'])).toBe(429);
        expect(await statusOf(api, ['203.0.113.2'])).toBe(200);
        expect(await statusOf(api, ['[2001:db8::1]:4711'])).toBe(200);
        expect(await statusOf(api, ['2001:db8::1'])).toBe(200);
        expect(await statusOf(api, ['2001:db8::2'])).toBe(429);
      }));

    it('that names no address counts for the proxy itself', () =>
      withApi(limited(['loopback']), async (api) => {
        const garbage = [
          'unknown',
          '_hidden',
          'x'.repeat(9_000),
          '203.0.113.256',
          'fe80::1%eth0',
          '" or 1=1',
          ',',
        ];
        const statuses = [];
        for (const field of garbage) statuses.push(await statusOf(api, [field]));
        expect(statuses).toEqual([200, 200, 429, 429, 429, 429, 429]);
        expect(await statusOf(api, ['203.0.113.1'])).toBe(200);
      }));
  });
});
