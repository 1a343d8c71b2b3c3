/**
 * Questions to the ledger that are asked together: a few at once, and what comes meanwhile with the next. Each question has
 * its own answer, and its own failure.
 */
import type { EventId } from '../ledger/types.js';
import type { IdentityQuestion, KnownIdentities } from '../read-model/port.js';

export type Ask = (questions: readonly IdentityQuestion[]) => Promise<readonly KnownIdentities[]>;

/** Joint questions under way. */
const AT_ONCE = 2;

/** Ids in one of them, unless a single question has more. */
const MOST_IDS = 1_000;

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
  /** of joint questions that failed: one of them may be at fault, which is nothing to the others */
  #alone: Waiting[] = [];

  /** @param isOutage errors that would happen to everybody: those who wait fail at once, as nobody waits for what is gone */
  constructor(ask: Ask, isOutage: (error: unknown) => boolean) {
    this.#ask = ask;
    this.#isOutage = isOutage;
  }

  ask(source: string, ids: readonly EventId[]): Promise<KnownIdentities> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ question: { source, ids }, resolve, reject });
      if (this.#running === AT_ONCE) return;
      this.#running += 1;
      // those who ask in the same breath are asked together
      queueMicrotask(() => void this.#run());
    });
  }

  async #run(): Promise<void> {
    for (let group = this.#take(); group.length > 0; group = this.#take()) await this.#askFor(group);
    this.#running -= 1;
  }

  #take(): readonly Waiting[] {
    const alone = this.#alone.shift();
    if (alone !== undefined) return [alone];
    let ids = 0;
    const beyond = this.#waiting.findIndex(
      ({ question }, n) => (ids += question.ids.length) > MOST_IDS && n > 0,
    );
    return this.#waiting.splice(0, beyond === -1 ? this.#waiting.length : beyond);
  }

  async #askFor(group: readonly Waiting[]): Promise<void> {
    try {
      const answers = await this.#ask(group.map(({ question }) => question));
      for (const [n, { resolve, reject }] of group.entries()) {
        const answer = answers[n];
        if (answer === undefined)
          reject(new RangeError(`${answers.length} answers to ${group.length} questions`));
        else resolve(answer);
      }
    } catch (error) {
      if (this.#isOutage(error)) this.#failAll(group, error);
      else if (group.length > 1) this.#alone.push(...group);
      else group[0]?.reject(error);
    }
  }

  #failAll(group: readonly Waiting[], error: unknown): void {
    const all = [...group, ...this.#alone, ...this.#waiting];
    this.#alone = [];
    this.#waiting = [];
    for (const { reject } of all) reject(error);
  }
}
