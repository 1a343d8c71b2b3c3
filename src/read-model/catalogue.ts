/** What the database's catalogue says of the ledger's schemas, and what it must say. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { finding, type Finding } from '../ledger/finding.js';
import { CATALOGUE_STATEMENT } from './catalogue-sql.js';
import { MIGRATIONS_DIRECTORY, PROGRAM_VERSION } from './migrations.js';
import { rolesOf } from './roles.js';
import { ACCESS, EVENT_LOG, LEDGER } from './schema-name.js';

/** `column ledger.entry.index` → `bigint NOT NULL`: one line for each object, the same on every PostgreSQL. */
export type Catalogue = Readonly<Record<string, string>>;

/**
 * Of the read model, the embedded log, and the credentials: what is recorded is as much worth as who could have made
 * a key to record it with.
 */
export async function readCatalogue(client: pg.ClientBase | pg.Pool): Promise<Catalogue> {
  const { rows: names } = await client.query<{ database: string }>('SELECT current_database() AS database');
  const roles = rolesOf(names[0]?.database ?? '');
  const { rows } = await client.query<{ object: string; definition: string }>(CATALOGUE_STATEMENT, [
    [LEDGER, EVENT_LOG, ACCESS],
    Object.values(roles),
    Object.keys(roles),
  ]);
  return Object.fromEntries(rows.map(({ object, definition }) => [object, definition]));
}

/** Where the catalogue that this program's migrations make is kept; `npm run catalogue` writes it. */
export const GOLDEN_PATH = join(MIGRATIONS_DIRECTORY, 'catalogue', `${PROGRAM_VERSION}.json`);

/** What the catalogue must be. */
export function goldenCatalogue(): Catalogue {
  return JSON.parse(readFileSync(GOLDEN_PATH, 'utf8')) as Catalogue;
}

/** One finding for each object that is not as it must be, that is missing, or that must not be there. */
export function compareCatalogues(found: Catalogue, golden: Catalogue): readonly Finding[] {
  const objects = [...new Set([...Object.keys(golden), ...Object.keys(found)])].sort();
  return objects
    .filter((object) => found[object] !== golden[object])
    .map((object) =>
      finding(
        {},
        {
          code: 'catalogue-altered',
          expected: golden[object] ?? null,
          found: found[object] ?? null,
          detail: `${object} ${difference(found[object], golden[object])}`,
        },
      ),
    );
}

function difference(found: string | undefined, golden: string | undefined): string {
  if (found === undefined) return 'is missing';
  if (golden === undefined) return 'must not be there';
  return 'is not as the migrations made it';
}
