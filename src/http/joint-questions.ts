/**
 * Questions to the ledger that are asked together: a few at once, and what comes meanwhile with the next. Each question has
 * its own answer, and its own failure.
 */
import type { EventId } from '../ledger/types.js';
import type { IdentityQuestion, KnownIdentities } from '../read-model/port.js';

export type Ask = (questions: readonly IdentityQuestion[]) => Promise<readonly KnownIdentities[]>;

/** Joint questions under way; more where those who wait would fill them. */
const AT_ONCE = 2;
const MOST_AT_ONCE = 8;

/** Ids in one of them, unless a single question has more: a cold disk may take milliseconds for each. */
const MOST_IDS = 256;

/** Sources whose questions by themselves met an outage, since the last answer: then it is everybody's. */
const OUTAGES = 2;

interface Waiting {
  readonly question: IdentityQuestion;
  readonly resolve: (answer: KnownIdentities) => void;
  readonly reject: (error: unknown) => void;
}

export class JointQuestions {
  readonly #ask: Ask;
  readonly #isOutage: (error: unknown) => boolean;
  #running = 0;
  #waiting: Waiting[] = [];
  /** of all that wait */
  #ids = 0;
  /** of joint questions that failed: one of them may be at fault, which is nothing to the others */
  #alone: Waiting[] = [];
  /** the sources that met an outage since the last answer, OUTAGES at most */
  readonly #outages = new Set<string>();

  /** @param isOutage errors that may happen to everybody: when they do, who waits fails at once: nobody waits for what is gone */
  constructor(ask: Ask, isOutage: (error: unknown) => boolean) {
    this.#ask = ask;
    this.#isOutage = isOutage;
  }

  ask(source: string, ids: readonly EventId[]): Promise<KnownIdentities> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ question: { source, ids }, resolve, reject });
      this.#ids += ids.length;
      if (this.#running >= this.#most()) return;
      this.#running += 1;
      // those who ask in the same breath are asked together
      queueMicrotask(() => void this.#run());
    });
  }

  #most(): number {
    return this.#ids < MOST_IDS ? AT_ONCE : MOST_AT_ONCE;
  }

  async #run(): Promise<void> {
    while (this.#running <= this.#most()) {
      const group = this.#take();
      if (group.length === 0) break;
      await this.#askFor(group);
    }
    this.#running -= 1;
  }

  #take(): readonly Waiting[] {
    const alone = this.#alone.shift();
    if (alone !== undefined) return [alone];
    let ids = 0;
    const beyond = this.#waiting.findIndex(
      ({ question }, n) => (ids += question.ids.length) > MOST_IDS && n > 0,
    );
    const taken = this.#waiting.splice(0, beyond === -1 ? this.#waiting.length : beyond);
    for (const { question } of taken) this.#ids -= question.ids.length;
    return taken;
  }

  async #askFor(group: readonly Waiting[]): Promise<void> {
    try {
      const answers = await this.#ask(group.map(({ question }) => question));
      this.#outages.clear();
      for (const [n, { resolve, reject }] of group.entries()) {
        const answer = answers[n];
        if (answer === undefined)
          reject(new RangeError(`${answers.length} answers to ${group.length} questions`));
        else resolve(answer);
      }
    } catch (error) {
      this.#failed(group, error);
    }
  }

  #failed(group: readonly Waiting[], error: unknown): void {
    if (this.#isEverybodys(group, error)) this.#failAll(group, error);
    else if (group.length > 1) this.#alone.push(...group);
    else group[0]?.reject(error);
  }

  /** An outage that a joint question meets may be the fault of one of them: damaged pages, say, or a time limit. */
  #isEverybodys(group: readonly Waiting[], error: unknown): boolean {
    const outages = this.#outages;
    if (!this.#isOutage(error)) outages.clear();
    else if (group.length === 1 && outages.size < OUTAGES) outages.add(group[0]?.question.source ?? '');
    return outages.size === OUTAGES;
  }

  #failAll(group: readonly Waiting[], error: unknown): void {
    const all = [...group, ...this.#alone, ...this.#waiting];
    this.#alone = [];
    this.#waiting = [];
    this.#ids = 0;
    for (const { reject } of all) reject(error);
  }
}
