/** A row of the entry table whose terms matter, not whether it is that of an entry. */
import type { EntryRow } from '../../src/ledger/row.js';

export const ROW: EntryRow = {
  index: '0',
  id: '00000000-0000-4000-8000-000000000000',
  source: 'orders',
  type: 'order.placed',
  revision: '0',
  schema: null,
  verdict: 'accepted',
  occurredAt: null,
  recordedAt: '1790000000000.000000',
  recordedBy: 'admin',
  actor: null,
  content: '',
  previous: '',
  previousInSource: null,
  hash: '',
  data: Buffer.from('{}'),
  metadata: Buffer.from('{"subject":"customer-1"}'),
};

export const rowWith = (data: Buffer): EntryRow => ({ ...ROW, data });
