/**
 * The floor of exporting: COPY of the same columns to a client that counts the bytes and throws them away. In the form
 * that PostgreSQL writes unless told otherwise, which spells bytes in hex: it is twice as long as the binary one, and more
 * bytes a second.
 *
 * Arguments: the login to read with, the number of entries, `text` or `binary`. Prints the seconds that it took, warmed
 * up, and the bytes.
 */
import { connect, copyRows, ENTRY_COLUMNS } from '../support/copied-rows.js';

const WARM_UP = 10_000;

const [url = '', entries = '0', form = 'text'] = process.argv.slice(2);
const client = await connect(url);
await read(Math.min(WARM_UP, Number(entries)));
const began = performance.now();
const bytes = await read(Number(entries));
const seconds = (performance.now() - began) / 1_000;
await client.end();
process.stdout.write(JSON.stringify({ seconds, bytes }));

async function read(to: number): Promise<number> {
  let count = 0;
  const query = `SELECT ${ENTRY_COLUMNS} FROM ledger.entry WHERE index < ${to} ORDER BY index`;
  await copyRows(client, `COPY (${query}) TO STDOUT (FORMAT ${form})`, (chunk) => {
    count += chunk.length;
  });
  return count;
}
