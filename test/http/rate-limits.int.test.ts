import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Rates } from '../../src/http/limits.js';
import { administrator } from '../../src/access/principal.js';
import { singleUser, type Authenticator } from '../../src/http/authentication.js';
import { refusal } from '../../src/http/problem.js';
import { AUTHORIZATION, basic, PASSWORD, startApi, type Answer, type TestApi } from '../support/api.js';
import { createLedgerDatabase, type LedgerDatabase } from '../support/ledger-database.js';

const NONE: Rates = { address: 0, principal: 0, failedLogins: 0 };

describe('rates', () => {
  let database: LedgerDatabase;
  let api: TestApi;

  beforeAll(async () => {
    database = await createLedgerDatabase();
  });
  afterAll(() => database.drop());

  async function limited(rates: Partial<Rates>, test: () => Promise<void>): Promise<void> {
    const others = [administrator('other')];
    api = await startApi({ database, others, project: false, server: { rates: { ...NONE, ...rates } } });
    await test().finally(() => api.close());
  }

  const asked = (authorization?: string, path = '/v1/head'): Promise<Answer> =>
    api.anonymous(path, authorization === undefined ? {} : { headers: { authorization } });
  const left = ({ status, headers }: Answer): unknown => [status, headers.get('x-ratelimit-remaining')];

  function expectRefusal({ status, headers, body }: Answer, limit: number): void {
    expect([status, body.code, headers.get('x-ratelimit-limit')]).toEqual([
      429,
      'rate-limited',
      String(limit),
    ]);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(50);
  }

  it('an address that sends too much is refused before anybody looks who it is, but for probes', () =>
    limited({ address: 2 }, async () => {
      expect([(await asked()).status, (await asked(AUTHORIZATION)).status]).toEqual([401, 200]);
      expectRefusal(await asked(AUTHORIZATION), 2);
      expectRefusal(await asked(), 2);
      for (const path of ['/livez', '/readyz', '/health'])
        expect((await asked(undefined, path)).status).toBe(200);
    }));

  it('a principal is told what is left, and is refused beyond it; others are not', () =>
    limited({ principal: 2 }, async () => {
      expect([left(await asked(AUTHORIZATION)), left(await asked(AUTHORIZATION))]).toEqual([
        [200, '1'],
        [200, '0'],
      ]);
      expectRefusal(await asked(AUTHORIZATION), 2);
      expect(left(await asked(basic('other', PASSWORD)))).toEqual([200, '1']);
      expect(left(await asked())).toEqual([401, null]);
    }));

  it('who is wrong too often is not asked any more, right or wrong, known or unknown; others are', () =>
    limited({ failedLogins: 2 }, async () => {
      for (const user of ['admin', 'nobody']) {
        expect((await asked(basic(user, 'wrong'))).status).toBe(401);
        expect((await asked(basic(user, 'wrong'), '/health')).status).toBe(401);
        expectRefusal(await asked(basic(user, 'wrong')), 2);
        expectRefusal(await asked(basic(user, PASSWORD)), 2);
      }
      expect((await asked(basic('other', PASSWORD))).status).toBe(200);
    }));

  it('what is too much to check at once counts as wrong: nobody guesses on without end meanwhile', async () => {
    const admin = singleUser('admin', PASSWORD);
    const authenticator: Authenticator = {
      authenticate(given) {
        const principal = admin.authenticate(given);
        if (principal === null) throw refusal('login-busy', 'Too many passwords.', { retryAfter: 2 });
        return principal;
      },
    };
    const rates = { ...NONE, failedLogins: 2 };
    api = await startApi({ database, project: false, server: { rates, authenticator } });
    expect((await asked(basic('admin', 'guess 1'))).status).toBe(503);
    expect((await asked(basic('admin', 'guess 2'))).status).toBe(503);
    expectRefusal(await asked(basic('admin', 'guess 3')), 2);
    await api.close();
  });

  it('an address that is wrong with ever other names is answered slower, and where it is right as ever', () =>
    limited({ failedLogins: 1 }, async () => {
      const took = async (authorization: string): Promise<number> => {
        const began = performance.now();
        await asked(authorization);
        return performance.now() - began;
      };
      for (let i = 0; i < 10; i++) await asked(basic(`user-${i}`, 'wrong'));
      expect(await took(basic('user-10', 'wrong'))).toBeGreaterThan(900);
      expect(await took(AUTHORIZATION)).toBeLessThan(900);
    }));
});
