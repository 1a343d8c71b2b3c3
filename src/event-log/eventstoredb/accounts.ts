/** The users that a ledger's processes log in as: made, put right, and looked over. */
import { LedgerError } from '../../ledger/error.js';
import { GROUPS } from './access-lists.js';
import { tryCredentials, type Account, type Administration } from './administration.js';

/** Something that is more open than the ledger needs, or that it needs and has not. */
export interface Opening {
  readonly code: 'insecure' | 'default-password' | 'too-open' | 'too-powerful' | 'lacking';
  readonly detail: string;
}

export interface Login {
  readonly login: string;
  /** null: a user that is there keeps what it has */
  readonly password: string | null;
}

export interface WantedAccount extends Login {
  readonly groups: readonly string[];
  /** the variable that its password comes from */
  readonly variable: string;
}

export interface Logins {
  readonly api: Login;
  readonly projector: Login;
}

/** One login may be both. */
export function wantedAccounts({ api, projector }: Logins): readonly WantedAccount[] {
  const ofApi = { ...api, groups: [GROUPS.api], variable: 'EVENTSTORE_API_PASSWORD' };
  const ofProjector = {
    ...projector,
    groups: [GROUPS.projector],
    variable: 'EVENTSTORE_PROJECTOR_PASSWORD',
  };
  if (api.login !== projector.login) return [ofApi, ofProjector];
  return [
    {
      ...ofApi,
      password: api.password ?? projector.password,
      groups: [...ofApi.groups, ...ofProjector.groups],
    },
  ];
}

/**
 * Make a user as wanted, or put right what is not.
 * @returns what was done, in so many words each
 * @throws LedgerError `invalid-configuration` (a password that is needed was not given), `invalid-input` (the login of
 *   somebody who may do more)
 */
export async function ensureAccount(
  server: Administration,
  url: string,
  wanted: WantedAccount,
): Promise<readonly string[]> {
  const { login, password, groups, variable } = wanted;
  const account = await server.account(login);
  if (account === null) {
    if (password === null) {
      throw new LedgerError(
        'invalid-configuration',
        `${variable}: must be set, as there is no user ${login} yet`,
      );
    }
    await server.create({ login, fullName: 'event-ledger', groups }, password);
    return [`made the user ${login} (${groups.join(', ')})`];
  }
  const powers = powersOf(account);
  if (powers.length > 0) {
    throw new LedgerError(
      'invalid-input',
      `the user ${login} is in ${powers.join(' and ')}: choose another login`,
    );
  }
  const done: string[] = [];
  const lacking = groups.filter((group) => !account.groups.includes(group));
  if (lacking.length > 0) {
    await server.regroup(account, [...account.groups, ...lacking]);
    done.push(`put the user ${login} into ${lacking.join(', ')}`);
  }
  if (account.disabled) {
    await server.enable(login);
    done.push(`enabled the user ${login}`);
  }
  if (password !== null && (await tryCredentials(url, login, password)) === 'unknown') {
    await server.setPassword(login, password);
    done.push(`gave the user ${login} the password of ${variable}`);
  }
  return done;
}

export async function openingsOfAccount(
  server: Administration,
  wanted: WantedAccount,
): Promise<readonly Opening[]> {
  const { login, groups } = wanted;
  const account = await server.account(login);
  if (account === null) return [{ code: 'lacking', detail: `there is no user ${login}` }];
  const lacking = groups.filter((group) => !account.groups.includes(group));
  return [
    ...powersOf(account).map((power) => ({
      code: 'too-powerful' as const,
      detail: `the user ${login} is in ${power}`,
    })),
    ...lacking.map((group) => ({
      code: 'lacking' as const,
      detail: `the user ${login} is not in ${group}`,
    })),
    ...(account.disabled ? [{ code: 'lacking' as const, detail: `the user ${login} is disabled` }] : []),
  ];
}

function powersOf({ groups }: Account): readonly string[] {
  return groups.filter((group) => group === '$admins' || group === '$ops');
}

export async function defaultPasswords(url: string): Promise<readonly Opening[]> {
  const open: Opening[] = [];
  for (const login of ['admin', 'ops']) {
    if ((await tryCredentials(url, login, 'changeit')) === 'unknown') continue;
    open.push({
      code: 'default-password',
      detail: `the user ${login} has the password that every server begins with`,
    });
  }
  return open;
}
