/** `npm run catalogue`: writes what the migrations make of an empty database, for the self-check to compare with. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { GOLDEN_PATH, readCatalogue } from '../../src/read-model/catalogue.js';
import { migrate } from '../../src/read-model/migrate.js';
import { createPool } from '../../src/postgres/pool.js';
import { startTestServer } from '../support/postgres-server.js';

const server = await startTestServer();
try {
  await migrate({ adminUrl: server.superuserUrl });
  const pool = createPool({ url: server.superuserUrl, applicationName: 'catalogue', max: 1 });
  const catalogue = await readCatalogue(pool);
  await pool.end();
  await mkdir(dirname(GOLDEN_PATH), { recursive: true });
  await writeFile(GOLDEN_PATH, `${JSON.stringify(catalogue, null, 2)}\n`);
} finally {
  await server.remove();
}
