/** The projector's side of the read model. */
import type pg from 'pg';
import type { Index } from '../ledger/types.js';
import { createPool } from '../postgres/pool.js';
import { keepAlarms } from './alarms.js';
import { commitBatch } from './commit.js';
import { entryByIndex, entryByPlace, readRegistrations, recordedIdentities } from './entries.js';
import { HEAD_CHANNEL } from './head-listener.js';
import { inOurWords, said } from './in-our-words.js';
import { LockSession } from './lock-session.js';
import { SILENT, type Logger } from './logger.js';
import { payloadIndexer } from './payload-index.js';
import type { Leadership, LedgerWriter } from './port.js';
import { LEDGER, type SchemaName } from './schema-name.js';
import { selfCheck } from './self-check.js';
import { readSourceHeads } from './sources.js';
import { readState } from './state.js';

export interface WriterOptions {
  /** a login with the group role projector */
  readonly url: string;
  /** default: nobody listens */
  readonly logger?: Logger;
  readonly schema?: SchemaName;
}

/** Connects when it is first asked to lead. */
export function openWriter(options: WriterOptions): LedgerWriter {
  const schema = options.schema ?? LEDGER;
  const pool = createPool({
    url: options.url,
    applicationName: 'event-ledger projector',
    max: 3,
    statementTimeoutMs: 30_000,
    settings: { enable_seqscan: 'off' },
  });
  return {
    async lead(signal, taken) {
      const session = await LockSession.open(options.url, schema, signal, taken);
      return session === null
        ? null
        : leadership({ session, pool, schema, logger: options.logger ?? SILENT });
    },
    selfCheck: () => said(selfCheck(pool)),
    close: () => pool.end(),
  };
}

interface Parts {
  /** holds the lock; commits, so that nothing is committed without it */
  readonly session: LockSession;
  /** looks things up while a commit is under way */
  readonly pool: pg.Pool;
  readonly schema: SchemaName;
  readonly logger: Logger;
}

function leadership({ session, pool, schema, logger }: Parts): Leadership {
  const indexer = payloadIndexer(pool, schema);
  return {
    lost: session.lost,
    state: () => said(session.run((client) => readState(client, schema, logger))),
    sourceHeads: (sources) => said(readSourceHeads(pool, schema, sources, logger)),
    recordedIdentities: (identities) => said(recordedIdentities(pool, schema, identities)),
    entryAt: (source, revision) => said(entryByPlace(pool, schema, source, revision)),
    entry: (index) => said(entryByIndex(pool, schema, index)),
    registrations: () => inOurWords(readRegistrations(pool, schema, 0 as Index)),
    async commit(batch) {
      await said(session.run((client) => commitBatch(client, schema, batch)));
      notify(session, schema);
    },
    keepAlarms: (alarms) => said(session.run((client) => keepAlarms(client, schema, alarms))),
    indexPayloads: (signal) => said(indexer.step(signal)),
    release: () => session.close(),
  };
}

/**
 * Tell the readers that the head has moved. After the commit and not in it: a transaction that notifies holds a lock of
 * the whole server while it waits for the disk, against the event log's appends. Where it is lost, readers poll.
 */
function notify(session: LockSession, schema: SchemaName): void {
  session
    .run((client) => client.query('SELECT pg_catalog.pg_notify($1, $2)', [HEAD_CHANNEL, schema]))
    .catch(() => undefined);
}
