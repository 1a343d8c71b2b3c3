/**
 * Who may do what, as EventStoreDB keeps it: an access list of a stream in its metadata, and the lists of all streams
 * that have none in `$settings`. What the ledger needs of them, and where what is there differs from that. Pure.
 */

/** `$r` read, `$w` append, `$d` delete, `$mr` and `$mw` read and write the stream's metadata. */
export const RIGHTS = ['$r', '$w', '$d', '$mr', '$mw'] as const;
export type Right = (typeof RIGHTS)[number];

/** Roles by right: logins, groups, `$all` for everybody. A right that is absent comes from the next list. */
export type AccessList = Readonly<Partial<Record<Right, readonly string[]>>>;

/** The two lists of `$settings`: of streams whose names begin with `$`, and of all others. */
export type Scope = '$userStreamAcl' | '$systemStreamAcl';

/** The groups of the users that the processes log in as. */
export const GROUPS = { api: 'ledger-api', projector: 'ledger-projector' } as const;

const ADMINS = '$admins';
const EVERYBODY = '$all';

/** What a server does where neither the stream nor `$settings` say anything. */
const SERVER_DEFAULTS: Readonly<Record<Scope, readonly string[]>> = {
  $userStreamAcl: [EVERYBODY],
  $systemStreamAcl: [ADMINS],
};

const ONLY_ADMINS: AccessList = { $r: [ADMINS], $w: [ADMINS], $d: [ADMINS], $mr: [ADMINS], $mw: [ADMINS] };

/** Nobody but operators deletes, or writes the metadata that truncate and hide; the API alone appends. */
export const WANTED: Readonly<Record<Scope, Required<AccessList>>> = {
  $userStreamAcl: {
    $r: [ADMINS, GROUPS.api, GROUPS.projector],
    $w: [ADMINS, GROUPS.api],
    $d: [ADMINS],
    // it says which events are hidden, which is how a hidden one is told from none
    $mr: [ADMINS, GROUPS.api, GROUPS.projector],
    $mw: [ADMINS],
  },
  $systemStreamAcl: ONLY_ADMINS as Required<AccessList>,
};

/** Who reads the whole log, and with it what is not the ledger's: the hashes of users' passwords, too. */
export function readersOfAll(apiReadsAll: boolean): readonly string[] {
  return [ADMINS, GROUPS.projector, ...(apiReadsAll ? [GROUPS.api] : [])];
}

export type JsonObject = Readonly<Record<string, unknown>>;

/** JSON of a system stream; null when it is no JSON object, which the server takes as nothing. */
export function parseObject(bytes: Buffer | null): JsonObject | null {
  try {
    return objectIn(JSON.parse(bytes?.toString() ?? 'null'));
  } catch {
    return null;
  }
}

function objectIn(value: unknown): JsonObject | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;
}

/** A list as it stands in metadata or settings; a single role may stand without brackets. */
export function accessListIn(holder: JsonObject | null, name: Scope | '$acl'): AccessList {
  const members = objectIn(holder?.[name]) ?? {};
  return Object.fromEntries(
    RIGHTS.filter((right) => members[right] !== undefined && members[right] !== null).map((right) => [
      right,
      [members[right]].flat().filter((role) => typeof role === 'string'),
    ]),
  );
}

/** The same holder with the list's rights as wanted, everything else as it was. */
export function withAccessList(
  holder: JsonObject | null,
  name: Scope | '$acl',
  wanted: AccessList,
): JsonObject {
  return { ...holder, [name]: { ...objectIn(holder?.[name]), ...wanted } };
}

/** The roles that count for a right of a default list. */
export function effectiveRoles(list: AccessList, scope: Scope, right: Right): readonly string[] {
  return list[right] ?? SERVER_DEFAULTS[scope];
}

export interface Difference {
  readonly right: Right;
  /** have the right and should not */
  readonly surplus: readonly string[];
  /** need the right and have it not */
  readonly lacking: readonly string[];
}

/** Where the roles of a default list differ from those wanted. Administrators have every right, listed or not. */
export function differences(list: AccessList, scope: Scope): readonly Difference[] {
  return RIGHTS.map((right) =>
    difference(right, effectiveRoles(list, scope, right), WANTED[scope][right]),
  ).filter(({ surplus, lacking }) => surplus.length + lacking.length > 0);
}

/** Where a stream's own list gives more than the wanted one does; rights that it is silent about come from there. */
export function surplusOfStream(list: AccessList, wanted: Required<AccessList>): readonly Difference[] {
  return RIGHTS.flatMap((right) => {
    const roles = list[right];
    return roles === undefined ? [] : [difference(right, roles, wanted[right])];
  }).filter(({ surplus }) => surplus.length > 0);
}

export function difference(right: Right, roles: readonly string[], wanted: readonly string[]): Difference {
  const lacking = roles.includes(EVERYBODY)
    ? []
    : wanted.filter((role) => role !== ADMINS && !roles.includes(role));
  return { right, surplus: roles.filter((role) => !wanted.includes(role)), lacking };
}

/** What having a right allows, in words. */
export const ALLOWS: Readonly<Record<Right, string>> = {
  $r: 'read',
  $w: 'append',
  $d: 'delete',
  $mr: 'read metadata',
  $mw: 'write metadata, which truncates and hides',
};
