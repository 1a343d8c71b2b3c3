import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { NAMESPACE } from '../../src/ledger/identity.js';
import { readGolden } from '../golden/vectors.js';

interface GoldenEntry {
  readonly event: { readonly dataBase64: string; readonly metadataBase64: string };
  readonly content: string;
  readonly header: string;
  readonly hash: string;
}

const page = readFileSync(new URL('../../docs/format.md', import.meta.url), 'utf8');
const golden = JSON.parse(readGolden('ledger.json')) as {
  readonly entries: readonly [GoldenEntry, GoldenEntry];
  readonly roots: readonly string[];
};

describe('docs/format.md', () => {
  it('shows in its example the bytes and hashes that the ledger makes', () => {
    const [first, second] = golden.entries;
    const data = Buffer.from(first.event.dataBase64, 'base64');
    const metadata = Buffer.from(first.event.metadataBase64, 'base64');
    for (const line of [
      data,
      metadata,
      first.content,
      first.header,
      first.hash,
      second.header,
      second.hash,
    ]) {
      expect(page).toContain(`\n    ${line.toString()}\n`);
    }
    expect(page).toContain(`${data.length} bytes of data`);
    expect(page).toContain(`${metadata.length} bytes of metadata`);
    expect(page).toContain(`header bytes (${first.header.length})`);
    expect(page).toContain(golden.roots[2]);
  });

  it('names the namespace of identities', () => {
    expect(page).toContain(NAMESPACE);
  });
});
