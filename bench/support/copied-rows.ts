/** What the floors of reading do with rows: nothing that is not asked for. */
import pg from 'pg';

/** Every column of an entry, in the order of the table. */
export const ENTRY_COLUMNS =
  'index, id, source, type, revision, schema, verdict, occurred_at, recorded_at, recorded_by, actor, content, ' +
  'previous, previous_in_source, hash, data, metadata';

/** Through the primary key in its order, as few entries of many are read; nothing is sorted. */
export async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('SET enable_seqscan = off; SET enable_sort = off; SET jit = off');
  return client;
}

/**
 * Run a COPY … TO STDOUT and hand over each message, which holds one row, without copying it.
 * @param onChunk may not keep what it is given
 */
export function copyRows(client: pg.Client, text: string, onChunk: (chunk: Buffer) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    client.query(new CopyRows(text, onChunk, (error) => (error === null ? resolve() : reject(error))));
  });
}

class CopyRows implements pg.Submittable {
  readonly #text: string;
  readonly #onChunk: (chunk: Buffer) => void;
  readonly callback: (error: Error | null) => void;

  constructor(text: string, onChunk: (chunk: Buffer) => void, callback: (error: Error | null) => void) {
    this.#text = text;
    this.#onChunk = onChunk;
    this.callback = callback;
  }

  submit(connection: pg.Connection): void {
    connection.query(this.#text);
  }

  handleCopyData({ chunk }: { readonly chunk: Buffer }): void {
    this.#onChunk(chunk);
  }

  handleReadyForQuery(): void {
    this.callback(null);
  }

  handleError(error: Error): void {
    this.callback(error);
  }

  handleCommandComplete(): void {
    // the end comes with ReadyForQuery
  }
}
