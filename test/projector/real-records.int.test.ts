import { existsSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { canonicalBytes } from '../../src/ledger/canonical-json.js';
import { encodeMetadata } from '../../src/ledger/metadata.js';
import type { Instant, Json } from '../../src/ledger/types.js';
import { readSchemaFiles, registerSchemas } from '../../src/schemas/files.js';
import { candidate } from '../support/event-log.js';
import { LOGS } from '../support/logs.js';
import { install, type Installation } from './installation.js';

let installation: Installation;

const NOW = '2026-11-20T10:00:00.000Z' as Instant;
const METADATA = encodeMetadata({
  ...{ v: 1, recordedAt: NOW, occurredAt: null, recordedBy: 'admin', actor: null },
  salt: '0'.repeat(32),
});

async function append(
  source: string,
  events: readonly { readonly type: string; readonly payload: Json }[],
): Promise<void> {
  await installation.log.append(
    source,
    events.map(({ type, payload }) => candidate({ type, data: canonicalBytes(payload), metadata: METADATA })),
  );
}

describe.each(LOGS)('the ledger, with its log in $name', (kind) => {
  beforeEach(async () => {
    installation = await install(kind);
  });
  afterEach(() => installation.close());

  it('has real records as accepted entries, each judged by the schema of its type', async () => {
    const file = '../shared/data/cloudtrail.jsonl';
    const lines = existsSync(file)
      ? readFileSync(file, 'utf8').trim().split('\n')
      : ['{"source":"billing","type":"customer.billed","payload":{"customerId":"c-1","amount":12.5}}'];
    const files = await readSchemaFiles('schemas');
    await registerSchemas(installation.log, files, { now: () => NOW });
    const bySource = new Map<string, { readonly type: string; readonly payload: Json }[]>();
    for (const line of lines) {
      const { source, ...event } = JSON.parse(line) as { source: string; type: string; payload: Json };
      bySource.set(source, [...(bySource.get(source) ?? []), event]);
    }
    for (const [source, events] of bySource) await append(source, events);
    installation.project();
    await installation.sized(files.length + lines.length);
    expect((await installation.reader.stats()).verdicts).toEqual({
      accepted: files.length + lines.length,
      rejected: 0,
      duplicate: 0,
    });
    const hashes = new Map(files.map(({ type, hash }) => [type, hash]));
    for (const { header } of (await installation.entries()).slice(files.length)) {
      expect(header.schema).toBe(hashes.get(header.type) ?? hashes.get('_default'));
    }
    expect(await installation.verify()).toMatchObject({ intact: true });
  });
});
