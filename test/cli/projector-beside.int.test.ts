import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectBeside, type ProjectorBeside } from '../../src/cli/projector-beside.js';
import { openPostgresEventLog } from '../../src/event-log/postgres/event-log.js';
import { LedgerError } from '../../src/ledger/error.js';
import { openReader } from '../../src/read-model/reader.js';
import type { StoreUrls } from '../../src/stores.js';
import { candidate } from '../support/event-log.js';
import { createLedgerDatabase, type LedgerDatabase } from '../support/ledger-database.js';

let database: LedgerDatabase;
beforeAll(async () => {
  database = await createLedgerDatabase();
});
afterAll(() => database.drop());

function beside(stores: Partial<StoreUrls> = {}): ProjectorBeside {
  const { apiUrl, projectorUrl } = database;
  const urls = { apiUrl, projectorUrl, adminUrl: null, eventStoreUrl: null, ...stores };
  return projectBeside({ stores: urls, logLevel: 'silent', pretty: false });
}

describe('a projector in a thread', () => {
  it('projects what is in the log, says how it goes, and stops when it is closed', async () => {
    const log = openPostgresEventLog({ url: database.apiUrl, applicationName: 'test' });
    const reader = openReader({ url: database.apiUrl });
    const projector = beside();
    try {
      expect(projector.status().state).toBe('waiting');
      await log.append('billing', [candidate(), candidate()]);
      await expect.poll(async () => (await reader.head()).size).toBe(2);
      await expect.poll(() => projector.status().counts.entries.accepted).toBe(2);
      expect(projector.status().state).toBe('leading');
      await projector.close();
      expect(projector.status().state).toBe('stopped');
      await log.append('billing', [candidate()]);
      const next = beside();
      await expect.poll(async () => (await reader.head()).size).toBe(3);
      await next.close();
    } finally {
      await projector.close();
      await reader.close();
      await log.close();
    }
  });

  it('says what it cannot go on for, and can be closed all the same', async () => {
    const projector = beside({ eventStoreUrl: 'http://not.esdb' });
    await expect(projector.failed).rejects.toSatisfy(
      (error) => error instanceof LedgerError && error.code === 'invalid-configuration',
    );
    await projector.close();
  });

  it('can be closed before it runs', async () => {
    await beside().close();
  });
});
