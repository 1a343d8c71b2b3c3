import { openEventStoreDbEventLog } from '../../../src/event-log/eventstoredb/event-log.js';
import { startEventStoreDouble } from '../../eventstore-double/eventstore-double.js';
import { eventLogContract } from '../contract.js';

/** A real server, when one is named: nothing but its streams `ledger-…` is touched. */
const { EVENTSTORE_URL } = process.env;

eventLogContract(
  EVENTSTORE_URL === undefined ? 'EventStoreDB, its double' : 'EventStoreDB',
  'refused',
  async () => {
    const double = EVENTSTORE_URL === undefined ? await startEventStoreDouble() : null;
    const url = double?.url ?? EVENTSTORE_URL ?? '';
    return {
      open: () => openEventStoreDbEventLog({ url }),
      remove: async () => double?.stop(),
    };
  },
);
