import { afterAll, beforeAll, expect, it } from 'vitest';
import { openPostgresEventLog } from '../../src/event-log/postgres/event-log.js';
import type { Instant } from '../../src/ledger/types.js';
import { readSchemaFiles, registerSchemas } from '../../src/schemas/files.js';
import { collect } from '../support/event-log.js';
import { createLedgerDatabase, type LedgerDatabase } from '../support/ledger-database.js';

let database: LedgerDatabase;
beforeAll(async () => {
  database = await createLedgerDatabase();
});
afterAll(async () => {
  await database.drop();
});

it('many processes that start at once register each schema once', async () => {
  const files = await readSchemaFiles('schemas');
  const logs = Array.from({ length: 6 }, () => openPostgresEventLog({ url: database.apiUrl }));
  const now = (): Instant => '2026-11-20T10:00:00.000Z' as Instant;
  await Promise.all(logs.map((log) => registerSchemas(log, files, { now })));
  const [log] = logs;
  const events = log === undefined ? [] : await collect(log.readSource('_schemas'));
  expect(events).toHaveLength(files.length);
  expect(new Set(events.map(({ data }) => String(data))).size).toBe(files.length);
  await Promise.all(logs.map((each) => each.close()));
});
