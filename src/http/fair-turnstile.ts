/** Lets a bounded number of works run at once, and a bounded number wait: nobody keeps others out by having the most waiting. */

interface Waiting {
  readonly from: string;
  readonly enter: () => void;
  readonly refuse: (error: Error) => void;
}

export class FairTurnstile {
  readonly #width: number;
  readonly #room: number;
  readonly #refusal: () => Error;
  #running = 0;
  #waiting: readonly Waiting[] = [];

  /**
   * @param width how many run at once
   * @param most those that run, and those that wait
   * @param refusal what one fails with that has no place to wait, or loses it
   */
  constructor(width: number, most: number, refusal: () => Error) {
    this.#width = width;
    this.#room = most - width;
    this.#refusal = refusal;
  }

  /** @param from who wants it: the last that waits of whoever has the most gives way to one who has two fewer */
  async take<Value>(from: string, work: () => Promise<Value>): Promise<Value> {
    if (this.#running < this.#width) this.#running += 1;
    else await this.#turn(from);
    try {
      return await work();
    } finally {
      const [next, ...others] = this.#waiting;
      this.#waiting = others;
      if (next === undefined) this.#running -= 1;
      else next.enter();
    }
  }

  async #turn(from: string): Promise<void> {
    if (this.#waiting.length >= this.#room) this.#makeRoom(from);
    await new Promise<void>((enter, refuse) => {
      this.#waiting = [...this.#waiting, { from, enter, refuse }];
    });
  }

  /** @throws the refusal, where nobody has to give way */
  #makeRoom(from: string): void {
    const counts = new Map<string, number>();
    for (const one of this.#waiting) counts.set(one.from, (counts.get(one.from) ?? 0) + 1);
    const most = Math.max(0, ...counts.values());
    const last = this.#waiting.findLast((one) => counts.get(one.from) === most);
    if (last === undefined || most <= (counts.get(from) ?? 0) + 1) throw this.#refusal();
    this.#waiting = this.#waiting.filter((one) => one !== last);
    last.refuse(this.#refusal());
  }
}
