/** Making a server fit for a ledger: the users of its processes, and rights that let each do its work and no more. */
import { randomBytes } from 'node:crypto';
import { LedgerError } from '../../ledger/error.js';
import {
  accessListIn,
  ALLOWS,
  difference,
  differences,
  effectiveRoles,
  readersOfAll,
  surplusOfStream,
  WANTED,
  withAccessList,
  type Difference,
  type JsonObject,
  type Scope,
} from './access-lists.js';
import {
  defaultPasswords,
  ensureAccount,
  openingsOfAccount,
  wantedAccounts,
  type Logins,
  type Opening,
} from './accounts.js';
import { openAdministration, tryCredentials, type Administration } from './administration.js';
import { SOURCE_PREFIX } from './streams.js';

export interface ProtectionOptions extends Logins {
  /** with the credentials of a member of `$admins` */
  readonly adminUrl: string;
  /** API processes may read the whole log, too, as lag and deep verification want */
  readonly apiReadsAll: boolean;
}

const INSECURE: Opening = {
  code: 'insecure',
  detail:
    'the server does not ask who calls it (insecure mode): nothing can be protected; whoever reaches it may append, ' +
    'delete and truncate',
};

const SCOPES = Object.keys(WANTED) as Scope[];
const SETTINGS = { stream: '$settings', type: '$settings' } as const;
const OF_ALL = { stream: '$$$all', type: '$metadata' } as const;
/** A document that somebody else writes at the same time is read again so often. */
const ATTEMPTS = 5;

/**
 * Make the users and lists that are not as they should be, in so many words each; nothing when all are. In insecure
 * mode nothing is done, as nothing would count.
 * @throws LedgerError `access-denied`, `log-unavailable`, `invalid-configuration` (a password that is needed was not
 *   given), `invalid-input` (an administrator's login)
 */
export async function protect(options: ProtectionOptions): Promise<readonly string[] | Opening> {
  const { adminUrl } = options;
  if (await isInsecure(adminUrl)) return INSECURE;
  return administered(adminUrl, async (server) => {
    const done: string[] = [];
    for (const wanted of wantedAccounts(options))
      done.push(...(await ensureAccount(server, adminUrl, wanted)));
    done.push(...(await rewrite(server, SETTINGS, closeDefaults)));
    const { value: settings } = await server.document(SETTINGS.stream);
    done.push(...(await rewrite(server, OF_ALL, (metadata) => closeAll(metadata, settings, options))));
    return done;
  });
}

/** Everything that is not as `protect` would have it, and what it leaves alone: streams' own lists, passwords. */
export async function findOpenings(options: ProtectionOptions): Promise<readonly Opening[]> {
  const { adminUrl } = options;
  if (await isInsecure(adminUrl)) return [INSECURE];
  return administered(adminUrl, async (server) => {
    const { value: settings } = await server.document(SETTINGS.stream);
    return [
      ...(await defaultPasswords(adminUrl)),
      ...(
        await Promise.all(wantedAccounts(options).map((wanted) => openingsOfAccount(server, wanted)))
      ).flat(),
      ...SCOPES.flatMap((scope) =>
        described(`$settings, ${scope}`, differences(accessListIn(settings, scope), scope)),
      ),
      ...(await openingsOfStreams(server, settings, options)),
    ];
  });
}

/** A server that admits a user whom nobody knows asks nobody. */
async function isInsecure(url: string): Promise<boolean> {
  const nobody = `nobody-${randomBytes(8).toString('hex')}`;
  return (await tryCredentials(url, nobody, nobody)) === 'admitted';
}

async function administered<Result>(
  url: string,
  work: (server: Administration) => Promise<Result>,
): Promise<Result> {
  const server = openAdministration(url);
  try {
    return await work(server);
  } finally {
    await server.close();
  }
}

interface Rewritten {
  readonly value: JsonObject;
  readonly changes: readonly string[];
}

/** Change a document as long as there is something to change and nobody else wins. */
async function rewrite(
  server: Administration,
  { stream, type }: { readonly stream: string; readonly type: string },
  change: (value: JsonObject | null) => Rewritten,
): Promise<readonly string[]> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const before = await server.document(stream);
    const { value, changes } = change(before.value);
    if (changes.length === 0) return [];
    if (await server.write(stream, type, value, before)) return changes;
  }
  throw new LedgerError('log-unavailable', `${stream} is written by others all the time`);
}

function closeDefaults(settings: JsonObject | null): Rewritten {
  const changes = SCOPES.flatMap((scope) => {
    const list = accessListIn(settings, scope);
    return differences(list, scope).map(({ right }) => {
      const before = effectiveRoles(list, scope, right).join(', ');
      return `${scope} ${right} (${ALLOWS[right]}): ${WANTED[scope][right].join(', ')}, before: ${before}`;
    });
  });
  const value = SCOPES.reduce(
    (holder, scope) => withAccessList(holder, scope, WANTED[scope]),
    settings ?? {},
  );
  return { value, changes };
}

function closeAll(
  metadata: JsonObject | null,
  settings: JsonObject | null,
  { apiReadsAll }: ProtectionOptions,
): Rewritten {
  const readers = readersOfAll(apiReadsAll);
  const before = readersNow(metadata, settings);
  const { surplus, lacking } = difference('$r', before, readers);
  const changes =
    surplus.length + lacking.length === 0
      ? []
      : [`$all $r (read the whole log): ${readers.join(', ')}, before: ${before.join(', ')}`];
  return { value: withAccessList(metadata, '$acl', { $r: readers }), changes };
}

/** Who may read $all: its own list says, else that of system streams. */
function readersNow(metadata: JsonObject | null, settings: JsonObject | null): readonly string[] {
  const defaults = accessListIn(settings, '$systemStreamAcl');
  return accessListIn(metadata, '$acl').$r ?? effectiveRoles(defaults, '$systemStreamAcl', '$r');
}

/** Lists of single streams count before all defaults. */
async function openingsOfStreams(
  server: Administration,
  settings: JsonObject | null,
  { apiReadsAll }: ProtectionOptions,
): Promise<readonly Opening[]> {
  const streams = await server.metadataOf([SOURCE_PREFIX, '$settings', '$all', '$user']);
  const ofAll = difference(
    '$r',
    readersNow(streams.get('$all') ?? null, settings),
    readersOfAll(apiReadsAll),
  );
  const openings = [...streams].flatMap(([stream, metadata]) => {
    const scope = stream.startsWith('$') ? '$systemStreamAcl' : '$userStreamAcl';
    const wanted = stream === '$all' ? { ...WANTED[scope], $r: readersOfAll(apiReadsAll) } : WANTED[scope];
    return described(
      `stream ${JSON.stringify(stream)}`,
      surplusOfStream(accessListIn(metadata, '$acl'), wanted),
    );
  });
  return [...openings, ...described('stream "$all"', [{ ...ofAll, surplus: [] }])];
}

function described(where: string, found: readonly Difference[]): readonly Opening[] {
  return found.flatMap(({ right, surplus, lacking }) => [
    ...surplus.map((role) => ({
      code: 'too-open' as const,
      detail: `${where}: ${role === '$all' ? 'everybody' : role} may ${ALLOWS[right]} (${right})`,
    })),
    ...lacking.map((role) => ({
      code: 'lacking' as const,
      detail: `${where}: ${role} may not ${ALLOWS[right]} (${right})`,
    })),
  ]);
}
