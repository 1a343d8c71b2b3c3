import { defineConfig } from 'vitest/config';

// Two cores: integration and end-to-end files each start a real PostgreSQL, so few run side by side.
/** What is waited for comes when it comes: how long it may take says only when to give up. */
const patient = { expect: { poll: { timeout: 20_000 } } };

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          ...patient,
          include: ['test/**/*.unit.test.ts'],
          // what is pure leaves nothing behind, and each module is loaded once
          isolate: false,
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'int',
          ...patient,
          sequence: { groupOrder: 1 },
          include: ['test/**/*.int.test.ts'],
          globalSetup: ['test/support/postgres-setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 3,
        },
      },
      {
        test: {
          name: 'e2e',
          ...patient,
          sequence: { groupOrder: 2 },
          include: ['test/**/*.e2e.test.ts'],
          globalSetup: ['test/support/postgres-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          maxWorkers: 3,
        },
      },
      {
        test: {
          name: 'long',
          ...patient,
          sequence: { groupOrder: 3 },
          include: ['test/**/*.long.test.ts'],
          globalSetup: ['test/support/postgres-setup.ts'],
          testTimeout: 900_000,
          hookTimeout: 60_000,
          maxWorkers: 1,
        },
      },
    ],
  },
});
