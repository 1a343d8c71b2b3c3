/** Appends of all sources: one appender each, and bounded room for what they remember. */
import type { AppendOutcome, Candidate } from '../port.js';
import { SourceAppender, type SourceAppenderParts } from './source-appender.js';

/** What idle sources may remember together, and how many of them. */
const MOST_IDENTITIES = 500_000;
const MOST_SOURCES = 5_000;
/** So many calls later it is looked whether they do. */
const LOOK_EVERY = 1_000;

export class Appender {
  readonly #parts: SourceAppenderParts;
  /** the ones used longest ago first */
  readonly #sources = new Map<string, SourceAppender>();
  #underWay = 0;
  #uses = 0;
  #becameIdle = (): void => undefined;

  constructor(parts: SourceAppenderParts) {
    this.#parts = parts;
  }

  /** See EventLog.append. */
  async append(
    source: string,
    candidates: readonly Candidate[],
    since: number | null,
  ): Promise<readonly AppendOutcome[]> {
    const appender = this.#sources.get(source) ?? new SourceAppender(source, this.#parts);
    this.#sources.delete(source);
    this.#sources.set(source, appender);
    this.#underWay += 1;
    try {
      return await appender.append(candidates, since);
    } finally {
      this.#underWay -= 1;
      this.#uses += 1;
      if (this.#uses % LOOK_EVERY === 0) this.#forget();
      if (this.#underWay === 0) this.#becameIdle();
    }
  }

  /** Resolves when no call waits any more; for the end, when no further one comes. */
  async idle(): Promise<void> {
    if (this.#underWay === 0) return;
    await new Promise<void>((resolve) => {
      this.#becameIdle = resolve;
    });
  }

  /** Identities of sources that were not used for long are read again when they are. */
  #forget(): void {
    let remembered = 0;
    for (const appender of this.#sources.values()) remembered += appender.remembered;
    for (const [source, appender] of this.#sources) {
      if (this.#sources.size <= MOST_SOURCES && remembered <= MOST_IDENTITIES) return;
      if (appender.busy) continue;
      remembered -= appender.remembered;
      this.#sources.delete(source);
    }
  }
}
