import { defineConfig } from 'vitest/config';

/** What is waited for comes when it comes: how long it may take says only when to give up. */
const patient = { expect: { poll: { timeout: 20_000 } } };

/**
 * Unit, integration and end-to-end tests share workers, one more than there are cores, since many only wait: first those
 * that start processes, last those that only compute.
 */
const together = { sequence: { groupOrder: 0 }, maxWorkers: 3 };

/** Files that leave nothing behind need no process each, and load each module once. */
const inOneProcess = { isolate: false };

/** What they measure of this machine would be wrong beside other work. */
const MEASURING = [
  'test/e2e/memory.long.test.ts',
  'test/http/deep-verification.long.test.ts',
  'test/projector/drops.long.test.ts',
];

const LONG = { testTimeout: 900_000, hookTimeout: 60_000, globalSetup: ['test/support/postgres-setup.ts'] };

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'e2e',
          ...patient,
          ...together,
          include: ['test/**/*.e2e.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'int',
          ...patient,
          ...together,
          ...inOneProcess,
          include: ['test/**/*.int.test.ts'],
          globalSetup: ['test/support/postgres-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'unit',
          ...patient,
          ...together,
          ...inOneProcess,
          include: ['test/**/*.unit.test.ts'],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'long',
          ...patient,
          ...LONG,
          sequence: { groupOrder: 1 },
          include: ['test/**/*.long.test.ts'],
          exclude: MEASURING,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'measuring',
          ...patient,
          ...LONG,
          sequence: { groupOrder: 2 },
          include: MEASURING,
          maxWorkers: 1,
        },
      },
    ],
  },
});
