/** Who takes answers over a port, one message for each, and leaves by closing it. */
import type { MessagePort, Transferable } from 'node:worker_threads';

export class Taker<Answer> {
  readonly #port: MessagePort;
  #free: number;
  #left = false;
  #wake: (() => void) | null = null;

  /** @param ahead answers that it may be given before it has taken the first */
  constructor(port: MessagePort, ahead: number) {
    this.#port = port;
    this.#free = ahead;
    port.on('message', () => {
      this.#free += 1;
      this.#wake?.();
    });
    port.once('close', () => {
      this.#left = true;
      this.#wake?.();
    });
  }

  /** Waits until it may be given another. @returns false: it has left */
  async ready(): Promise<boolean> {
    if (this.#free <= 0 && !this.#left) await new Promise<void>((resolve) => (this.#wake = resolve));
    return !this.#left;
  }

  give(answer: Answer, ...transferred: Transferable[]): void {
    this.#free -= 1;
    this.#port.postMessage(answer, transferred);
  }
}
