import { openPostgresEventLog } from '../../../src/event-log/postgres/event-log.js';
import { createLedgerDatabase } from '../../support/ledger-database.js';
import { eventLogContract } from '../contract.js';

eventLogContract('PostgreSQL', 'taken', async () => {
  const database = await createLedgerDatabase();
  return {
    open: () => openPostgresEventLog({ url: database.apiUrl }),
    remove: () => database.drop(),
  };
});
