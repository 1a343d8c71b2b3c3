/** Logins that failed and rights that were denied, as events of `_access`: once a minute at most, however many they are. */
import { PROGRAM, type Doer } from '../../access/access-event.js';
import type { Outbox } from '../../access/port.js';
import type { Credentials } from '../authentication.js';
import { Sum } from './sum.js';

export interface Refusals {
  loginFailed(address: string, given: Credentials): void;
  denied(address: string, name: string): void;
}

export interface RefusalsOptions {
  readonly outbox: Pick<Outbox, 'note'>;
  /** whose credentials were tried; null: nobody's who is known */
  readonly nameOf: (given: Credentials) => string | null;
  /** a minute unless given */
  readonly everyMs?: number;
}

const EVERY_MS = 60_000;
const BY: Doer = { recordedBy: PROGRAM, actor: null, context: null };

export class SummedRefusals implements Refusals {
  readonly #options: RefusalsOptions;
  readonly #sums = new Map<string, Sum>();
  #timer: NodeJS.Timeout | null = null;

  constructor(options: RefusalsOptions) {
    this.#options = options;
  }

  loginFailed(address: string, given: Credentials): void {
    this.#add('login.failed', this.#options.nameOf(given), address);
  }

  denied(address: string, name: string): void {
    this.#add('access.denied', name, address);
  }

  /** Writes down what there is. Never rejects, and takes bounded time. */
  async flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const sums = [...this.#sums];
    this.#sums.clear();
    const now = Date.now();
    await Promise.all(
      sums.map(([type, sum]) => this.#options.outbox.note({ type, payload: sum.told(now), by: BY })),
    );
  }

  #add(type: string, name: string | null, address: string): void {
    let sum = this.#sums.get(type);
    if (sum === undefined) this.#sums.set(type, (sum = new Sum()));
    sum.add(name, address, Date.now());
    this.#timer ??= setTimeout(() => void this.flush(), this.#options.everyMs ?? EVERY_MS).unref();
  }
}
