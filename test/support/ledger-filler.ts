/** Fills a real read model the way the projector does: chained, in batches, through a leadership. */
import { canonicalBytes } from '../../src/ledger/canonical-json.js';
import { chainEvents } from '../../src/ledger/chain.js';
import { encodeMetadata, type Metadata } from '../../src/ledger/metadata.js';
import { appendLeaves } from '../../src/ledger/tiles.js';
import { instantFromMs } from '../../src/ledger/time.js';
import type { EventId, Json, JudgedEvent, Position, Revision, Verdict } from '../../src/ledger/types.js';
import type { Leadership, LedgerBatch, LedgerState } from '../../src/read-model/port.js';
import { openWriter } from '../../src/read-model/writer.js';

export interface Draft {
  readonly source?: string;
  readonly type?: string;
  readonly id?: string;
  readonly payload?: Json;
  /** in place of a payload */
  readonly data?: Buffer;
  readonly verdict?: Verdict;
  readonly metadata?: Partial<Metadata>;
  /** in place of metadata of our form */
  readonly foreignMetadata?: Buffer;
}

/** The batch that appends events to the ledger as it stands. */
export async function batchOf(leadership: Leadership, drafts: readonly Draft[]): Promise<LedgerBatch> {
  const before = await leadership.state();
  const heads = await leadership.sourceHeads(drafts.map(({ source = 'orders' }) => source));
  const revisions = new Map([...heads].map(([source, { lastRevision }]) => [source, lastRevision + 1]));
  const judged = drafts.map((draft, i) => {
    const source = draft.source ?? 'orders';
    const revision = revisions.get(source) ?? 0;
    revisions.set(source, revision + 1);
    return judgedEvent(draft, before.head.size + i, revision);
  });
  const chained = chainEvents({ head: before.head, sourceHeads: heads, judged });
  const { tree, tiles } = appendLeaves(
    before.tree,
    chained.entries.map(({ hash }) => hash),
  );
  const position = judged.at(-1)?.event.position ?? before.position;
  const after: LedgerState = { head: chained.head, position, tree };
  return { before, after, entries: chained.entries, sourceHeads: [...chained.sourceHeads.values()], tiles };
}

const AT_ONCE = 5_000;

/** Makes a ledger of events 0 ≤ n < size, and its payload index with them. */
export async function fillIndexed(
  projectorUrl: string,
  size: number,
  draftAt: (n: number) => Draft,
): Promise<void> {
  await leading(projectorUrl, async (leadership) => {
    for (let at = 0; at < size; at += AT_ONCE) {
      const drafts = Array.from({ length: Math.min(AT_ONCE, size - at) }, (_, n) => draftAt(at + n));
      await leadership.commit(await batchOf(leadership, drafts));
    }
    const { signal } = new AbortController();
    while (await leadership.indexPayloads(signal));
  });
}

function judgedEvent(draft: Draft, index: number, revision: number): JudgedEvent {
  const recordedAt = instantFromMs(1_790_000_000_000 + index * 1000);
  const metadata = {
    v: 1 as const,
    recordedAt,
    occurredAt: recordedAt,
    recordedBy: 'admin',
    actor: 'alice',
    salt: index.toString(16).padStart(32, '0'),
    ...draft.metadata,
  };
  return {
    event: {
      position: String(index + 1) as Position,
      source: draft.source ?? 'orders',
      revision: revision as Revision,
      id: (draft.id ?? uuidOf(index)) as EventId,
      type: draft.type ?? 'order.placed',
      data: draft.data ?? canonicalBytes(draft.payload ?? { n: index }),
      metadata: draft.foreignMetadata ?? encodeMetadata(metadata),
      loggedAt: recordedAt,
    },
    judgement: { verdict: draft.verdict ?? 'accepted', schema: null },
  };
}

export function uuidOf(number: number): EventId {
  return `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}` as EventId;
}

/** Append events, at most `batchSize` at once. */
export async function fill(url: string, drafts: readonly Draft[], batchSize = 1000): Promise<void> {
  await leading(url, async (leadership) => {
    for (let at = 0; at < drafts.length; at += batchSize) {
      await leadership.commit(await batchOf(leadership, drafts.slice(at, at + batchSize)));
    }
  });
}

/** Do something as the active projector. */
export async function leading<Result>(
  url: string,
  work: (leadership: Leadership) => Promise<Result>,
): Promise<Result> {
  const writer = openWriter({ url });
  const leadership = await writer.lead(new AbortController().signal);
  if (leadership === null) throw new Error('never aborted');
  try {
    return await work(leadership);
  } finally {
    await leadership.release();
    await writer.close();
  }
}
