import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProjector, type RunningProjector } from '../../src/app.js';
import { readConfig } from '../../src/config.js';
import { AUDIENCE } from '../access/verifier-stand.js';
import { LocalIssuer } from '../access/local-issuer.js';
import { tokenOf } from '../access/token-maker.js';
import { createLedgerDatabase, type LedgerDatabase } from '../support/ledger-database.js';

const ROLES = JSON.stringify({
  watching: { roles: ['monitor'] },
  reading: { roles: ['reader'], sources: ['*'] },
});

describe('a projector that tells how it goes', () => {
  let issuer: LocalIssuer;
  let database: LedgerDatabase;
  let projector: RunningProjector;

  beforeAll(async () => {
    [issuer, database] = await Promise.all([LocalIssuer.start(), createLedgerDatabase()]);
    const oidc = { OIDC_ISSUER: issuer.url, OIDC_AUDIENCE: AUDIENCE, OIDC_ROLES: ROLES };
    const { tokens, rates } = readConfig(oidc);
    const { apiUrl, projectorUrl } = database;
    projector = await runProjector(
      { apiUrl, projectorUrl, adminUrl: null, eventStoreUrl: null },
      pino({ level: 'silent' }),
      {
        ...{ host: '127.0.0.1', port: 0, certificate: null, proxies: [], plainHttp: false },
        ...{ maxConnections: 10, rates, adminPassword: null, tokens, version: '0.0.0' },
      },
    );
  });

  afterAll(async () => {
    await projector.close();
    await Promise.all([database.drop(), issuer.stop()]);
  });

  function tokenFor(scope: string, lifetimeSeconds = 600): string {
    const now = Math.floor(Date.now() / 1_000);
    const whose = { iss: issuer.url, aud: AUDIENCE, sub: 'prometheus', scope };
    return tokenOf({ ...whose, iat: now, exp: now + lifetimeSeconds }, issuer.key);
  }

  const ask = (path: string, token: string): Promise<Response> =>
    fetch(`${projector.url ?? ''}${path}`, { headers: { authorization: `Bearer ${token}` } });

  it('lets in whose access token gives the right to monitor, and nobody else', async () => {
    for (const [token, status] of [
      [tokenFor('watching'), 200],
      [tokenFor('reading'), 403],
      [tokenFor('watching', -600), 401],
      [`el_000000000000_${'x'.repeat(43)}`, 401],
    ] as const) {
      expect((await ask('/metrics', token)).status).toBe(status);
    }
    const health = (await (await ask('/health', tokenFor('watching'))).json()) as object;
    expect(Object.keys(health)).toContain('projector');
  });
});
