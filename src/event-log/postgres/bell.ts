/**
 * Rings when something was appended: one listening connection for all who wait. It may ring for nothing and may
 * miss something (a lost connection), so whoever waits looks for himself, and waits for a limited time.
 */
import type pg from 'pg';

/** What event_log.append notifies. */
const CHANNEL = 'event_log';

const GOODBYE_MS = 1_000;

export class Bell {
  readonly #connect: () => pg.Client;
  readonly #waiting = new Set<() => void>();
  #client: pg.Client | null = null;
  #closed = false;
  #rung = 0;

  /** @param connect makes a client that is not connected yet */
  constructor(connect: () => pg.Client) {
    this.#connect = connect;
  }

  /** How often it has rung: what came between two looks shows by this number. */
  get rung(): number {
    return this.#rung;
  }

  /** Resolves when it has rung since `rung` was seen, after `limitMs`, or when aborted. */
  async wait(seen: number, limitMs: number, signal: AbortSignal): Promise<void> {
    this.#listen();
    if (this.#rung !== seen || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, limitMs);
      signal.addEventListener('abort', wake);
      this.#waiting.add(wake);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#ring();
    const client = this.#client;
    this.#client = null;
    if (client === null) return;
    const ended = client.end().catch(() => undefined);
    // a server that hangs does not say goodbye
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, GOODBYE_MS).unref())]);
  }

  #ring(): void {
    this.#rung += 1;
    for (const wake of [...this.#waiting]) wake();
  }

  /** Begins to listen unless it does; a connection that is lost is made anew with the next wait. */
  #listen(): void {
    if (this.#client !== null || this.#closed) return;
    const client = this.#connect();
    this.#client = client;
    const lost = (): void => {
      if (this.#client === client) this.#client = null;
    };
    client.on('end', lost);
    client.on('notification', () => this.#ring());
    void this.#begin(client).catch(() => {
      lost();
      void client.end().catch(() => undefined);
    });
  }

  async #begin(client: pg.Client): Promise<void> {
    await client.connect();
    await client.query(`LISTEN ${CHANNEL}`);
    // what was appended before may have been missed
    this.#ring();
  }
}
