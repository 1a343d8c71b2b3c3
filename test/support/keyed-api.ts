/** The API with the credentials of a database, as app.ts wires it, and what makes some. */
import { actingAtOnce } from '../../src/access/acting-at-once.js';
import type { Doer } from '../../src/access/access-event.js';
import type { WantedCredential } from '../../src/access/credential.js';
import type { CredentialRegister, CredentialStore, IssuedCredential } from '../../src/access/port.js';
import { openCredentialRegister } from '../../src/access/postgres/register.js';
import { openCredentialStore } from '../../src/access/postgres/store.js';
import { singleUser, withCredentials } from '../../src/http/authentication.js';
import { PASSWORD, startApi, type TestApi, type TestApiOptions } from './api.js';
import { createLedgerDatabase } from './ledger-database.js';
import { eventually } from './ledger-process.js';

export interface KeyedApi {
  readonly api: TestApi;
  readonly register: CredentialRegister;
  readonly store: CredentialStore;
  /** a key, unless told otherwise, that the API knows already */
  issue(
    wanted: Pick<WantedCredential, 'name' | 'roles'> & Partial<WantedCredential>,
  ): Promise<IssuedCredential>;
  /** a key, which the API then lets in no more */
  revoke(id: string): Promise<void>;
  close(): Promise<void>;
}

const BY: Doer = { recordedBy: 'tester', actor: null, context: null };

export async function startKeyedApi(options: TestApiOptions = {}): Promise<KeyedApi> {
  const database = await createLedgerDatabase();
  const quiet = { warn: () => undefined, info: () => undefined };
  const register = openCredentialRegister({ url: database.apiUrl });
  const store = openCredentialStore({ url: database.apiUrl, logger: quiet });
  await store.ready(5_000);
  const authenticator = withCredentials(singleUser('admin', PASSWORD), store);
  const api = await startApi({
    ...options,
    database,
    server: { authenticator, credentials: actingAtOnce(register, store), ...options.server },
  });
  return {
    ...{ api, register, store },
    async issue(wanted) {
      const issued = await register.add({ sources: [], kind: 'key', lifetimeMs: null, ...wanted }, BY);
      const { id, name, kind } = issued.credential;
      const isKnown = (): boolean => (kind === 'key' ? store.key(id) : store.password(name))?.id === id;
      await eventually(`${name} is known`, () => Promise.resolve(isKnown()));
      return issued;
    },
    async revoke(id) {
      await register.revoke(id, BY);
      await eventually(`${id} is out`, () => Promise.resolve(store.key(id) === null));
    },
    async close() {
      await api.close();
      await Promise.all([store.close(), register.close()]);
      await database.drop();
    },
  };
}
