/** One PostgreSQL server for a run of a vitest project; see postgres.ts for the databases in it. */
import type { TestProject } from 'vitest/node';
import { startTestServer } from './postgres-server.js';

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startTestServer();
  project.provide('postgresUrl', server.superuserUrl);
  return () => server.remove();
}
