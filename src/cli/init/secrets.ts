/**
 * The secrets of an installation that nobody has set up by hand: what each of its services has to know, in a folder of
 * its own, so that each is given no more. All passwords are made from one random seed, and the keys stay once they are
 * written, so that a start that was broken off is simply made again.
 */
import { createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { certifyAuthority, certifyServer, type Validity } from './certificate.js';

export interface Installation {
  /** holds a folder for each service: admin, api, projector, eventstore, postgres */
  readonly directory: string;
  /** where the services find EventStoreDB and PostgreSQL */
  readonly eventStoreHost: string;
  readonly databaseHost: string;
  readonly now: Date;
}

const AUTHORITY = 'event-ledger private authority';
/** as EventStoreDB expects its nodes to be named */
const NODE = 'eventstoredb-node';
const YEARS = 10;

/** Write what is missing. @returns the files that were written, from `directory` on */
export async function writeSecrets(installation: Installation): Promise<readonly string[]> {
  const { directory, now } = installation;
  const written: string[] = [];
  const ensure = async (name: string, make: () => string): Promise<string> => {
    if (await createOnce(directory, name, make)) written.push(name);
    return readFile(join(directory, name), 'utf8');
  };

  const seed = await ensure('admin/seed', () => randomBytes(32).toString('hex'));
  const password = (of: string): string => createHmac('sha256', seed).update(of).digest('base64url');
  for (const [name, text] of Object.entries(filesOf(installation, password))) await ensure(name, () => text);

  const validity = validFrom(now);
  const authority = {
    name: AUTHORITY,
    key: createPrivateKey(await ensure('admin/ca.key', makeKey)),
  };
  const certificate = await ensure('admin/ca.crt', () => certifyAuthority(authority, validity));
  for (const name of ['api/ca.crt', 'projector/ca.crt', 'eventstore/ca/ca.crt']) {
    await ensure(name, () => certificate);
  }
  const publicKey = createPublicKey(await ensure('eventstore/node.key', makeKey));
  await ensure('eventstore/node.crt', () => {
    const hosts = [installation.eventStoreHost, 'localhost', '127.0.0.1'];
    return certifyServer({ commonName: NODE, hosts, publicKey }, authority, validity);
  });
  return written;
}

/** Everything that the seed determines. */
function filesOf(
  { directory, eventStoreHost, databaseHost }: Installation,
  password: (of: string) => string,
): Readonly<Record<string, string>> {
  const eventStore = (login: string, reader: string): string =>
    `esdb://${login}:${password(`eventstore ${login}`)}@${eventStoreHost}:2113?tlsCaFile=${directory}/${reader}/ca.crt`;
  const database = (login: string): string =>
    `postgres://${login}:${password(`postgres ${login}`)}@${databaseHost}:5432/ledger`;
  return {
    'admin/eventstore-url': eventStore('admin', 'admin'),
    'admin/database-url': database('migrator'),
    'admin/eventstore-api-password': password('eventstore ledger-api'),
    'admin/eventstore-projector-password': password('eventstore ledger-projector'),
    'api/eventstore-url': eventStore('ledger-api', 'api'),
    'api/database-url': database('api'),
    'api/admin-password': password('ledger admin'),
    'projector/eventstore-url': eventStore('ledger-projector', 'projector'),
    'projector/database-url': database('projector'),
    // of its own: who watches the projector need not be let into the API
    'projector/admin-password': password('projector admin'),
    'eventstore/admin-password': password('eventstore admin'),
    'eventstore/ops-password': password('eventstore ops'),
    'postgres/password': password('postgres postgres'),
    // run by PostgreSQL's image when it makes its database
    'postgres/logins.sql': [
      `CREATE ROLE migrator LOGIN CREATEROLE PASSWORD '${password('postgres migrator')}';`,
      `CREATE ROLE api LOGIN PASSWORD '${password('postgres api')}';`,
      `CREATE ROLE projector LOGIN PASSWORD '${password('postgres projector')}';`,
      'GRANT CREATE ON DATABASE ledger TO migrator;',
      '',
    ].join('\n'),
  };
}

/** EventStoreDB reads RSA keys alone. */
function makeKey(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
}

/** From the day before, as clocks differ. */
function validFrom(now: Date): Validity {
  const from = new Date(now);
  from.setUTCDate(from.getUTCDate() - 1);
  const until = new Date(now);
  until.setUTCFullYear(until.getUTCFullYear() + YEARS);
  return { from, until };
}

/** Folders of services whose images run as users of their own; each service is given its own folder alone. */
const READ_BY_OTHERS = /^(?:eventstore|postgres)\//;

/** The file appears whole or not at all; what is there stays. @returns whether it was written */
async function createOnce(directory: string, name: string, make: () => string): Promise<boolean> {
  const path = join(directory, name);
  if ((await readFile(path).catch(() => null)) !== null) return false;
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}`;
  // a draft may be left of a start that was broken off: in a container every process has the same number
  await rm(draft, { force: true });
  await writeFile(draft, make(), { mode: READ_BY_OTHERS.test(name) ? 0o444 : 0o400, flush: true });
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  } finally {
    await rm(draft);
  }
}
