/** Variables of the environment, and whatever is wrong with them, which is told at once. */
import { LedgerError } from './ledger/error.js';

export type Environment = Readonly<Record<string, string | undefined>>;

export class Variables {
  readonly #environment: Environment;
  readonly #names: Environment;
  readonly #mistakes: string[] = [];

  /** @param names what to call variables whose values were given otherwise */
  constructor(environment: Environment, names: Environment = {}) {
    this.#environment = environment;
    this.#names = names;
  }

  /** An empty variable counts as unset, as in shells and compose files. */
  text(name: string): string | null {
    const value = this.#environment[name];
    return value === undefined || value === '' ? null : value;
  }

  mistake(name: string, detail: string): null {
    this.#mistakes.push(`${this.#names[name] ?? name}: ${detail}`);
    return null;
  }

  /** @throws LedgerError `invalid-configuration` naming every variable that is wrong */
  finish(): void {
    if (this.#mistakes.length === 0) return;
    throw new LedgerError('invalid-configuration', this.#mistakes.join('\n'));
  }
}
