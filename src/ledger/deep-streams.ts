/** Streams that hide what the ledger has of them: still in the whole log perhaps, but gone with the next scavenge. */
import type { LogPlaces } from './deep-places.js';
import { finding, shorten, type FindingList } from './finding.js';

interface Start {
  readonly index: number;
  readonly id: string | null;
  readonly revision: number;
}

/** Streams that are asked at once. */
const AT_ONCE = 16;

/** The first entry of every source whose events were all there. */
export class SourceStarts {
  readonly #starts = new Map<string, Start | null>();

  meet(source: string, start: Start): void {
    if (!this.#starts.has(source)) this.#starts.set(source, start);
  }

  /** Its stream's state is said with the entries whose events it lacks. */
  lose(source: string): void {
    this.#starts.set(source, null);
  }

  /** A finding for each stream that does not show the event of the source's first entry. */
  async check(log: LogPlaces, findings: FindingList): Promise<void> {
    const starts = [...this.#starts];
    for (let at = 0; at < starts.length; at += AT_ONCE) {
      await Promise.all(
        starts.slice(at, at + AT_ONCE).map(async ([source, start]) => {
          if (start === null) return;
          const hiding = await log.hiding(source, start.revision);
          if (hiding === null) return;
          const shown = hiding.first === null ? 'nothing' : `revision ${hiding.first} and later`;
          findings.add(
            finding(
              { index: start.index, id: start.id, source: shorten(source) },
              {
                code: hiding.why.code,
                store: 'log',
                expected: String(start.revision),
                found: hiding.first === null ? null : String(hiding.first),
                detail:
                  `the source's stream shows ${shown}; the whole log still has its events, ` +
                  'which a scavenge will remove',
              },
            ),
          );
        }),
      );
    }
  }
}
