/** The API with the credentials of a database, as app.ts wires it, and what makes some. */
import type { WantedCredential } from '../../src/access/credential.js';
import type { CredentialRegister, CredentialStore, IssuedCredential } from '../../src/access/port.js';
import { openCredentialRegister } from '../../src/access/postgres/register.js';
import { openCredentialStore } from '../../src/access/postgres/store.js';
import { singleUser, withCredentials } from '../../src/http/authentication.js';
import { PASSWORD, startApi, type TestApi, type TestApiOptions } from './api.js';
import { createLedgerDatabase } from './ledger-database.js';

export interface KeyedApi {
  readonly api: TestApi;
  readonly register: CredentialRegister;
  readonly store: CredentialStore;
  /** a key, unless told otherwise, that the API knows already */
  issue(
    wanted: Pick<WantedCredential, 'name' | 'roles'> & Partial<WantedCredential>,
  ): Promise<IssuedCredential>;
  close(): Promise<void>;
}

export async function startKeyedApi(options: TestApiOptions = {}): Promise<KeyedApi> {
  const database = await createLedgerDatabase();
  const quiet = { warn: () => undefined, info: () => undefined };
  const register = openCredentialRegister({ url: database.adminUrl });
  const store = openCredentialStore({ url: database.apiUrl, logger: quiet });
  await store.ready(5_000);
  const authenticator = withCredentials(singleUser('admin', PASSWORD), store);
  const api = await startApi({ ...options, database, server: { authenticator, ...options.server } });
  return {
    ...{ api, register, store },
    async issue(wanted) {
      const issued = await register.add({ sources: [], kind: 'key', lifetimeMs: null, ...wanted });
      const { id, name, kind } = issued.credential;
      const isKnown = (): boolean => (kind === 'key' ? store.key(id) : store.password(name))?.id === id;
      const deadline = Date.now() + 5_000;
      while (!isKnown()) {
        if (Date.now() > deadline) throw new Error(`${name} is not known after 5 s`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      return issued;
    },
    async close() {
      await api.close();
      await Promise.all([store.close(), register.close()]);
      await database.drop();
    },
  };
}
