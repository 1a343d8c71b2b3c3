/** Both stores in memory, made by the code that makes real ones, then altered: what deep verification is told of them. */
import { chainEvents } from '../../src/ledger/chain.js';
import {
  identityKey,
  type DeepParts,
  type Judging,
  type LedgerPlaces,
  type LogPlace,
  type LogView,
} from '../../src/ledger/deep-stores.js';
import { verifyDeep } from '../../src/ledger/deep-verification.js';
import type { Finding } from '../../src/ledger/finding.js';
import { encodeMetadata } from '../../src/ledger/metadata.js';
import { entryName } from '../../src/ledger/name.js';
import { appendLeaves, EMPTY_TREE } from '../../src/ledger/tiles.js';
import { instantFromMs } from '../../src/ledger/time.js';
import {
  NO_HASH,
  type EventId,
  type JudgedEvent,
  type Position,
  type RecordedEvent,
  type Revision,
} from '../../src/ledger/types.js';
import type { Verification } from '../../src/ledger/verification.js';
import { tablesOf, viewOf, type Tables } from './builders.js';

export function idOf(number: number): EventId {
  return `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}` as EventId;
}

/** Events of three sources that take turns, unless they say otherwise. Positions leave room between them. */
export function eventsOf(
  drafts: readonly (Partial<RecordedEvent> & { readonly source?: string })[],
): readonly RecordedEvent[] {
  const revisions = new Map<string, number>();
  return drafts.map((draft, n) => {
    const source = draft.source ?? `source-${n % 3}`;
    const revision = draft.revision ?? revisions.get(source) ?? 0;
    revisions.set(source, revision + 1);
    const recordedAt = instantFromMs(1_790_000_000_000 + n * 1000);
    return {
      position: String((n + 1) * 10) as Position,
      revision: revision as Revision,
      id: idOf(n),
      type: 'thing.happened',
      data: Buffer.from(`{"n":${n}}`),
      metadata: encodeMetadata({
        ...{ v: 1, recordedAt, occurredAt: null, recordedBy: 'admin', actor: null },
        salt: n.toString(16).padStart(32, '0'),
      }),
      loggedAt: recordedAt,
      ...draft,
      source,
    };
  });
}

export function plainEvents(count: number): readonly RecordedEvent[] {
  return eventsOf(Array.from({ length: count }, () => ({})));
}

/** Accepts everything that is no duplicate. */
const LENIENT: Judging = {
  judge: (_event, duplicate) => ({ verdict: duplicate ? 'duplicate' : 'accepted', schema: null }),
  learn: () => undefined,
};

export class Stores {
  /** the log; may be changed */
  events: RecordedEvent[];
  /** the read model; may be changed */
  readonly tables: Tables;
  /** what streams hide: everything before a revision */
  readonly hidden = new Map<string, { readonly before: number; readonly reason: 'truncated' | 'deleted' }>();
  /** how often each store was asked for a single place */
  asked = 0;
  head: DeepParts['head'];
  judging: Judging = LENIENT;
  /** thrown by the log after so many events */
  breaks: { readonly after: number; readonly error: Error } | null = null;

  constructor(events: readonly RecordedEvent[]) {
    this.events = [...events];
    this.tables = tablesFrom(events);
    this.head = { size: events.length, position: events.at(-1)?.position ?? null };
  }

  /** Make the ledger anew from other events: hashes, chain, tiles and heads, as one does who wants to hide something. */
  rewriteLedger(events: readonly RecordedEvent[]): void {
    Object.assign(this.tables, tablesFrom(events));
    this.head = { size: events.length, position: events.at(-1)?.position ?? null };
  }

  async verify(): Promise<Verification> {
    const parts: DeepParts = {
      log: this.#log(),
      end: this.head.position,
      places: this.#places(),
      judging: this.judging,
      payloadIndex: { rows: () => Promise.resolve([]) },
      head: this.head,
      pause: () => Promise.resolve(),
    };
    const run = verifyDeep(() => Promise.resolve({ view: viewOf(this.tables), parts }));
    for (;;) {
      const step = await run.next();
      if (step.done === true) return step.value;
    }
  }

  /** What was found beyond what full verification finds. */
  async deepFindings(): Promise<readonly Finding[]> {
    const { findings } = await this.verify();
    return findings.filter(({ code, store }) => store !== undefined || code === 'stores-differ');
  }

  #log(): LogView {
    const stream = (source: string): readonly RecordedEvent[] =>
      this.events.filter((event) => event.source === source);
    const shown = (source: string): readonly RecordedEvent[] =>
      stream(source).filter(({ revision }) => revision >= (this.hidden.get(source)?.before ?? 0));
    const comparePositions = (a: Position, b: Position): number => Number(a) - Number(b);
    const last = this.head.position;
    return {
      events: async function* (this: Stores) {
        const within = this.events.filter(
          ({ position }) => last !== null && comparePositions(position, last) <= 0,
        );
        for (let at = 0; at < within.length; at += 5) {
          if (this.breaks !== null && at >= this.breaks.after) throw this.breaks.error;
          yield await Promise.resolve(within.slice(at, at + 5));
        }
      }.bind(this),
      lookUp: (source, revision): Promise<LogPlace> => {
        this.asked++;
        const event = shown(source).find((each) => each.revision === revision);
        if (event !== undefined) return Promise.resolve({ status: 'found', event });
        const later = shown(source).some((each) => each.revision > revision);
        const hiding = this.hidden.get(source);
        if (later || hiding !== undefined) {
          return Promise.resolve({ status: 'hidden', reason: hiding?.reason ?? 'truncated' });
        }
        return Promise.resolve({ status: 'absent', lastRevision: shown(source).at(-1)?.revision ?? null });
      },
      firstShown: (source) => Promise.resolve(shown(source).at(0)?.revision ?? null),
      comparePositions,
    };
  }

  #places(): LedgerPlaces {
    const known = ({ index, id }: Tables['rows'][number]) => ({ index: Number(index), id: id ?? '' });
    const find = (fits: (row: Tables['rows'][number]) => boolean) => {
      this.asked++;
      const row = this.tables.rows.find(fits);
      return Promise.resolve(row === undefined ? null : known(row));
    };
    return {
      at: (source, revision) => find((row) => row.source === source && row.revision === String(revision)),
      byId: (id) => find((row) => row.id === id && row.verdict !== 'duplicate'),
      firsts: (identities) => {
        const found = new Map<string, number>();
        for (const { source, id } of identities) {
          const row = this.tables.rows.find(
            (each) => each.source === source && each.id === id && each.verdict !== 'duplicate',
          );
          if (row !== undefined) found.set(identityKey({ source, id }), Number(row.index));
        }
        return Promise.resolve(found);
      },
    };
  }
}

function tablesFrom(events: readonly RecordedEvent[]): Tables {
  const seen = new Set<string>();
  const judged = events.map((event): JudgedEvent => {
    const key = identityKey({ source: entryName(event.source), id: event.id });
    const verdict = seen.has(key) ? 'duplicate' : 'accepted';
    seen.add(key);
    return { event, judgement: { verdict, schema: null } };
  });
  const chained = chainEvents({ head: { size: 0, hash: NO_HASH }, sourceHeads: new Map(), judged });
  const hashes = chained.entries.map(({ hash }) => hash);
  const { tiles } = appendLeaves(EMPTY_TREE, hashes);
  const { head, entries, sourceHeads } = chained;
  return tablesOf({ head, entries, sourceHeads: [...sourceHeads.values()], tiles });
}
