/** The password of the user admin. */
import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config.js';
import { LedgerError } from '../ledger/error.js';

export const ADMIN_PASSWORD_FILE = 'admin-password';

/**
 * The configured password; with the embedded server else the one in its data directory, made at the first start.
 * @throws LedgerError `invalid-configuration` when a named database is used without one
 */
export async function ensureAdminPassword(config: Config): Promise<string> {
  if (config.adminPassword !== null) return config.adminPassword;
  if (config.databaseUrl !== null) {
    throw new LedgerError(
      'invalid-configuration',
      'LEDGER_ADMIN_PASSWORD: must be set together with DATABASE_URL',
    );
  }
  const path = join(config.dataDirectory, ADMIN_PASSWORD_FILE);
  await createOnce(path, randomBytes(18).toString('base64url'));
  const password = (await readFile(path, 'utf8')).trimEnd();
  if (password !== '') return password;
  throw new LedgerError('invalid-configuration', `${path} is empty: write a password into it, or remove it`);
}

/** The file appears whole or not at all, readable by its owner alone; what is there already stays. */
async function createOnce(path: string, text: string): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true });
  const draft = `${path}.${process.pid}`;
  const file = await open(draft, 'w', 0o600);
  try {
    await file.writeFile(`${text}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await link(draft, path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  });
  await rm(draft);
}
