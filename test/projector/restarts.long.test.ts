import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { canonicalBytes } from '../../src/ledger/canonical-json.js';
import { encodeMetadata } from '../../src/ledger/metadata.js';
import type { Head, Instant, Json } from '../../src/ledger/types.js';
import { startProjector } from '../../src/projector/projector.js';
import type { LedgerWriter } from '../../src/read-model/port.js';
import { candidate } from '../support/event-log.js';
import { asSuperuser } from '../support/ledger-database.js';
import { LOGS } from '../support/logs.js';
import { install, type Installation } from './installation.js';
import { MemoryLedger } from './memory-ledger.js';

let installation: Installation;

const NOW = '2026-11-20T10:00:00.000Z' as Instant;
const METADATA = encodeMetadata({
  ...{ v: 1, recordedAt: NOW, occurredAt: null, recordedBy: 'admin', actor: null },
  salt: '0'.repeat(32),
});

async function append(source: string, payloads: readonly Json[]): Promise<void> {
  await installation.log.append(
    source,
    payloads.map((payload) => candidate({ data: canonicalBytes(payload), metadata: METADATA })),
  );
}

/** The head of a ledger made in memory, in one go, from the same log. */
async function referenceHead(size: number): Promise<Head> {
  const ledger = new MemoryLedger();
  const projector = startProjector({
    log: installation.log,
    writer: ledger as unknown as LedgerWriter,
    logger: pino({ level: 'silent' }),
  });
  await vi.waitFor(() => expect(ledger.entries).toHaveLength(size), { timeout: 20_000 });
  await projector.stop();
  return ledger.state.head;
}

async function head(): Promise<Head> {
  const { size, hash } = await installation.reader.head();
  return { size, hash };
}

describe.each(LOGS)('the ledger, with its log in $name', (kind) => {
  beforeEach(async () => {
    installation = await install(kind);
  });
  afterEach(() => installation.close());

  it('is the same however often the projector is stopped and started in between', async () => {
    let total = 0;
    for (let round = 0; round < 8; round++) {
      const projector = installation.project({ events: 40, bytes: 1_000_000, ms: 5 });
      for (let source = 0; source < 5; source++) {
        const count = 10 + ((round * 7 + source * 13) % 60);
        await append(
          `source ${source}`,
          Array.from({ length: count }, (_, n) => ({ n, round })),
        );
        total += count;
      }
      await projector.stop();
    }
    installation.project();
    await installation.sized(total);
    expect(await head()).toEqual(await referenceHead(total));
    expect(await installation.verify()).toMatchObject({ intact: true, checked: total });
  });

  it('is written by one of several projectors at a time, though the sessions of all are killed again and again', async () => {
    const projectors = [installation.project(), installation.project(), installation.project()];
    let total = 0;
    for (let round = 0; round < 12; round++) {
      await append(
        'source',
        Array.from({ length: 50 }, (_, n) => ({ n, round })),
      );
      total += 50;
      await asSuperuser(installation.database, (client) =>
        client.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE datname = current_database() AND application_name = 'event-ledger projector'`,
        ),
      );
    }
    await installation.sized(total);
    await expect
      .poll(() => projectors.filter((each) => each.status().state === 'leading').length, { timeout: 20_000 })
      .toBe(1);
    expect(await installation.verify()).toMatchObject({ intact: true, checked: total });
    expect(await head()).toEqual(await referenceHead(total));
  });
});
