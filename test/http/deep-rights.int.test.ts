/** Deep verification by an API whose user of EventStoreDB is not allowed to read the whole log. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEventStoreDbEventLog } from '../../src/event-log/eventstoredb/event-log.js';
import { protect, type ProtectionOptions } from '../../src/event-log/eventstoredb/protection.js';
import type { EventLog } from '../../src/event-log/port.js';
import { startEventStoreDouble, type EventStoreDouble } from '../eventstore-double/eventstore-double.js';
import { startApi, type TestApi } from '../support/api.js';

const PASSWORD = 'of the api';

describe('GET /v1/verify?mode=deep of an API that may not read $all', () => {
  let double: EventStoreDouble;
  let folder: string;
  let options: ProtectionOptions;
  let log: EventLog;
  let api: TestApi;

  beforeAll(async () => {
    double = await startEventStoreDouble({ secured: 'tls' });
    folder = await mkdtemp(join(tmpdir(), 'eventstore-'));
    await writeFile(join(folder, 'ca.crt'), double.authority ?? '');
    options = {
      adminUrl: urlOf('admin', 'changeit'),
      api: { login: 'ledger-api', password: PASSWORD },
      projector: { login: 'ledger-projector', password: 'of the projector' },
      apiReadsAll: false,
    };
    await protect(options);
    log = openEventStoreDbEventLog({ url: urlOf('ledger-api', PASSWORD) });
    api = await startApi({ project: false, wrapLog: () => log });
  });
  afterAll(async () => {
    await api.close();
    await log.close();
    await double.stop();
    await rm(folder, { recursive: true });
  });

  function urlOf(login: string, password: string): string {
    const pair = `${login}:${encodeURIComponent(password)}`;
    return `${double.url.replace('//', `//${pair}@`)}&tlsCaFile=${join(folder, 'ca.crt')}`;
  }

  it.each(['application/json', 'application/x-ndjson'])(
    'is refused for good, with the setting that gives the right: as %s',
    async (accept) => {
      const answer = await api.get('/v1/verify?mode=deep', { accept });
      expect([answer.status, answer.headers.get('content-type')]).toEqual([403, 'application/problem+json']);
      expect(answer.headers.has('retry-after')).toBe(false);
      expect(answer.body).toMatchObject({
        code: 'access-denied',
        detail: expect.stringMatching(
          /whole log, \$all.*eventstore setup.*EVENTSTORE_API_READS_ALL=true \(--api-reads-all\).*mode=full/,
        ) as string,
      });
      expect(answer.text).not.toContain(PASSWORD);
    },
  );

  it('leaves the API as it is: full verification, and health without the lag', async () => {
    expect(await api.get('/v1/verify')).toMatchObject({ status: 200, body: { intact: true } });
    expect(await api.get('/health')).toMatchObject({
      status: 200,
      body: { status: 'ok', lag: { events: null, seconds: null } },
    });
  });

  it('is answered once the right was given, by the same process', async () => {
    await protect({ ...options, apiReadsAll: true });
    expect(await api.get('/v1/verify?mode=deep')).toMatchObject({
      status: 200,
      body: { intact: true, mode: 'deep' },
    });
  });
});
