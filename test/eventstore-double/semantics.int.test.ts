/**
 * EventStoreDB's semantics, as far as this project builds on them: held against the double, and against a real server
 * when EVENTSTORE_URL names one (`npm run test:eventstore`), so that the double stays honest.
 */
import { afterAll, beforeAll, describe } from 'vitest';
import { startEventStoreDouble } from './eventstore-double.js';
import { rawClient, type RawClient } from './raw-client.js';
import { appendSemantics } from './semantics/append.js';
import { deletionSemantics } from './semantics/deletion.js';
import { idempotencySemantics } from './semantics/idempotency.js';
import { publicClientSemantics } from './semantics/public-client.js';
import { readSemantics } from './semantics/read.js';
import { subscribeSemantics } from './semantics/subscribe.js';

const real = process.env.EVENTSTORE_URL;

describe(real === undefined ? 'the double' : 'the server of EVENTSTORE_URL', () => {
  let server: { readonly url: string; stop(): Promise<void> };
  let client: RawClient;

  beforeAll(async () => {
    server =
      real === undefined ? await startEventStoreDouble() : { url: real, stop: () => Promise.resolve() };
    client = rawClient(server.url);
  });

  afterAll(async () => {
    client.close();
    await server.stop();
  });

  const underTest = { url: () => server.url, client: () => client };
  appendSemantics(underTest);
  idempotencySemantics(underTest);
  readSemantics(underTest);
  subscribeSemantics(underTest);
  deletionSemantics(underTest);
  publicClientSemantics(underTest);
});
