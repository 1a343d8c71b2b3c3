/**
 * `npm run demo:tamper`: what an attacker with the embedded database's superuser could do. Switches the triggers off,
 * changes one byte of a recorded payload, switches them on again. Not a command of the program: it is for the demonstration.
 */
import pg from 'pg';
import { readConfig } from '../config.js';
import { LedgerError } from '../ledger/error.js';
import { findRunning } from '../postgres/server/embedded.js';
import { EXIT, explainFailure } from './exit.js';
import { note, print } from './output.js';

interface Victim {
  readonly index: string;
  readonly id: string;
  readonly data: Buffer;
}

const QUOTE = 0x22;
/** the last bit changes each into another of them */
const LETTER = /[B-Yb-y]/;

try {
  await tamper();
  process.exitCode = EXIT.done;
} catch (error) {
  const { code, message } = explainFailure(error);
  note(`demo:tamper: ${message}`);
  process.exitCode = code;
}

async function tamper(): Promise<void> {
  const { dataDirectory } = readConfig(process.env);
  const server = await findRunning(dataDirectory);
  if (server === null) {
    throw new LedgerError(
      'store-unavailable',
      `no ledger runs on ${dataDirectory}; start it first with npm start`,
    );
  }
  const client = new pg.Client({ connectionString: server.url('superuser') });
  await client.connect();
  try {
    const victim = await newestOfClients(client);
    const place = placeToChange(victim.data);
    await changeByte(client, victim, place);
    const before = victim.data.toString('latin1', place, place + 1);
    const after = String.fromCharCode(victim.data.readUInt8(place) ^ 1);
    print(
      `index ${victim.index}: byte ${place} of the payload of event ${victim.id} was ${before} and is ${after} now`,
    );
    print('The triggers are back as they were. Now ask: npx event-ledger verify');
  } finally {
    await client.end();
  }
}

async function newestOfClients(client: pg.Client): Promise<Victim> {
  const { rows } = await client.query<Victim>(
    `SELECT index::text, id::text, data FROM ledger.entry
     WHERE NOT starts_with(source, '_') AND octet_length(data) > 1 ORDER BY ledger.entry.index DESC LIMIT 1`,
  );
  const [victim] = rows;
  if (victim === undefined)
    throw new LedgerError('invalid-input', 'the ledger has no event yet; report one first');
  return victim;
}

/** The last byte that is a letter before a quotation mark: the payload stays JSON, and says something else. */
function placeToChange(data: Buffer): number {
  for (let place = data.length - 2; place >= 0; place -= 1) {
    if (data.readUInt8(place + 1) === QUOTE && LETTER.test(String.fromCharCode(data.readUInt8(place))))
      return place;
  }
  return data.length - 1;
}

async function changeByte(client: pg.Client, victim: Victim, place: number): Promise<void> {
  const triggers = (state: string): string =>
    `ALTER TABLE ledger.entry ${state} TRIGGER refuse_row, ${state} TRIGGER refuse_statement`;
  await client.query('BEGIN');
  await client.query(triggers('DISABLE'));
  await client.query(
    `UPDATE ledger.entry SET data = set_byte(data, $2, get_byte(data, $2) # 1) WHERE ledger.entry.index = $1`,
    [victim.index, place],
  );
  await client.query(triggers('ENABLE ALWAYS'));
  await client.query('COMMIT');
}
