/** Adding, listing, revoking and rotating credentials, as the command line asks for it. */
import { hostname, userInfo } from 'node:os';
import { PROGRAM, type Doer } from '../access/access-event.js';
import type { CredentialFacts, WantedCredential } from '../access/credential.js';
import type { CredentialRegister, IssuedCredential } from '../access/port.js';
import { openCredentialRegister } from '../access/postgres/register.js';
import type { Role } from '../access/principal.js';
import { readConfig } from '../config.js';
import { attachToStores, requireAdminUrl } from '../stores.js';
import { EXIT, type ExitCode } from './exit.js';
import { makeLogger } from './logger.js';
import { note, print, shown } from './output.js';
import { parseTimeSpan } from './time-span.js';

export interface Shown {
  readonly json?: boolean;
}

export interface AddArguments extends Shown {
  readonly role: readonly string[];
  readonly source: readonly string[];
  readonly password?: boolean;
  readonly expiresIn?: string;
}

export interface RotateArguments extends Shown {
  readonly overlap?: string;
}

/** @throws LedgerError `invalid-input` (an argument), and what the register throws */
export function addCredential(name: string, args: AddArguments, stop: AbortSignal): Promise<ExitCode> {
  const lifetimeMs = args.expiresIn === undefined ? null : parseTimeSpan('--expires-in', args.expiresIn);
  return withRegister(stop, async (register) => {
    const wanted: WantedCredential = {
      name,
      // what is no role is refused by the register
      roles: args.role as readonly Role[],
      sources: args.source,
      kind: args.password === true ? 'password' : 'key',
      lifetimeMs,
    };
    tell(await register.add(wanted, whoRuns()), args);
  });
}

export function listCredentials(options: Shown, stop: AbortSignal): Promise<ExitCode> {
  return withRegister(stop, async (register) => {
    const credentials = await register.list();
    if (options.json === true) print(JSON.stringify({ credentials }));
    else {
      for (const credential of credentials) {
        if (credential.revokedAt === null) print(describe(credential));
      }
    }
  });
}

export function revokeCredential(id: string, options: Shown, stop: AbortSignal): Promise<ExitCode> {
  return withRegister(stop, async (register) => {
    const credential = await register.revoke(id, whoRuns());
    print(options.json === true ? JSON.stringify({ credential }) : describe(credential));
  });
}

/** @throws LedgerError `invalid-input` (an argument), and what the register throws */
export function rotateCredential(id: string, args: RotateArguments, stop: AbortSignal): Promise<ExitCode> {
  const overlapMs = args.overlap === undefined ? 0 : parseTimeSpan('--overlap', args.overlap);
  return withRegister(stop, async (register) => {
    tell(await register.rotate(id, overlapMs, whoRuns()), args);
  });
}

/** The program, for whom the operating system knows: no principal of the API, and who may administer the database. */
function whoRuns(): Doer {
  return { recordedBy: `${PROGRAM} credential`, actor: `${userName()}@${hostname()}`, context: null };
}

/** A container's user may have no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? '?'}`;
  }
}

async function withRegister(
  stop: AbortSignal,
  act: (register: CredentialRegister) => Promise<void>,
): Promise<ExitCode> {
  const stores = await attachToStores(readConfig(process.env), await makeLogger('error'), stop);
  try {
    const register = openCredentialRegister({ url: requireAdminUrl(stores) });
    try {
      await act(register);
    } finally {
      await register.close();
    }
    return EXIT.done;
  } finally {
    await stores.close();
  }
}

/** The secret alone is a result, so that a script can put it where it belongs. */
function tell({ credential, secret }: IssuedCredential, { json }: Shown): void {
  if (json === true) {
    print(JSON.stringify({ credential, secret }));
    return;
  }
  note(`${describe(credential)}\nIts ${credential.kind}, which is shown this once:`);
  print(secret);
}

function describe(credential: CredentialFacts): string {
  const { id, name, roles, sources, kind, createdAt, expiresAt, lastUsedAt, revokedAt } = credential;
  const day = (time: Date): string => `${time.toISOString().slice(0, 16)}Z`;
  const what = [...roles, ...(sources.length === 0 ? [] : [`(${sources.join(' ')})`])].join(' ');
  return [
    ...[id, kind, shown(name), shown(what), `since ${day(createdAt)}`],
    lastUsedAt === null ? 'never used' : `used ${day(lastUsedAt)}`,
    ...(expiresAt === null ? [] : [`${expiresAt <= new Date() ? 'expired' : 'expires'} ${day(expiresAt)}`]),
    ...(revokedAt === null ? [] : [`revoked ${day(revokedAt)}`]),
  ].join('  ');
}
