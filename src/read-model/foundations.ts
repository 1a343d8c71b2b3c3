/**
 * What the server's own catalogue is made of, as far as our statements go through it. A superuser can give every session
 * another meaning of `bigint AS text`, of `=` or of an index's order; then statements that look right read what is not
 * there. Casts, operators, operator classes and what they call are therefore compared with what initdb made: its rows
 * alone were written by transaction 1, and neither PostgreSQL nor an upgrade of it ever writes them again.
 *
 * Read as stored bytes, by statements that hold nothing but names of columns: no cast, operator or function is asked about
 * casts, operators and functions. Rejections are node-postgres' own.
 */
import type pg from 'pg';
import { finding, type Finding } from '../ledger/finding.js';
import { copyOut } from '../postgres/copy-out.js';

/** The catalogues that anything is asked of, by their object identifiers, the same in every PostgreSQL. */
const CATALOGUES: Readonly<Record<string, number>> = {
  pg_aggregate: 2600,
  pg_amop: 2602,
  pg_amproc: 2603,
  pg_attrdef: 2604,
  pg_attribute: 1249,
  pg_auth_members: 1261,
  pg_cast: 2605,
  pg_class: 1259,
  pg_constraint: 2606,
  pg_depend: 2608,
  pg_event_trigger: 3466,
  pg_index: 2610,
  pg_inherits: 2611,
  pg_language: 2612,
  pg_namespace: 2615,
  pg_opclass: 2616,
  pg_operator: 2617,
  pg_policy: 3256,
  pg_proc: 1255,
  pg_rewrite: 2618,
  pg_trigger: 2620,
  pg_type: 1247,
};

/** What is made after initdb has an object identifier from here on. */
const FIRST_MADE_LATER = 16_384;
const PG_CATALOG = 11;
const BOOTSTRAP = 1;
const LANGUAGE_INTERNAL = 12;

/** Index methods whose orders and equalities decide which rows a statement sees: btree and hash. */
const METHODS: ReadonlySet<number> = new Set([403, 405]);

/**
 * Types that our statements compare, convert or send: bool, bytea, "char", name, int8, int2, int4, regproc, text, oid, tid,
 * xid, timestamptz, numeric, regclass, uuid, and the arrays that are parameters or answers.
 */
const TYPES: ReadonlySet<number> = new Set([
  16, 17, 18, 19, 20, 21, 23, 24, 25, 26, 27, 28, 1000, 1001, 1005, 1009, 1010, 1016, 1184, 1185, 1700, 2205,
  2950, 2951,
]);

/** Functions that our statements call. Built-in ones in C cannot be replaced, only covered by others, or turned into SQL. */
const FUNCTIONS: ReadonlySet<string> = new Set(
  `
  acldefault aclexplode array_agg array_position clock_timestamp concat_ws convert_to count current_database
  current_setting date_trunc decode encode extract first_value format format_type generate_series
  has_any_column_privilege has_schema_privilege has_table_privilege max min octet_length pg_get_constraintdef
  pg_get_expr pg_get_function_result pg_get_function_sqlbody pg_get_indexdef pg_get_ruledef pg_get_triggerdef
  pg_has_role pg_identify_object position quote_ident row_number sha256 starts_with string_agg sum to_char
  to_regclass unnest
  `
    .trim()
    .split(/\s+/),
);

/** A finding for each row that is not as initdb made it, and for each that was added where it changes what ours mean. */
export async function checkFoundations(client: pg.ClientBase): Promise<readonly Finding[]> {
  const names = await typeNames(client);
  const called = new Set<number>();
  const findings = [
    ...(await replacedCatalogues(client)),
    ...(await changedTypes(client, names, called)),
    ...(await changedCasts(client, names, called)),
    ...(await changedOperators(client, names, called)),
    ...(await changedIndexMethods(client, names, called)),
    ...(await changedAggregates(client)),
    ...(await loginTriggers(client)),
  ];
  return [...findings, ...(await changedFunctions(client, called))];
}

type Names = ReadonlyMap<number, string>;

/** One of the fields that were asked for. */
type Field = string | number;

type Row = ReadonlyMap<string, Field>;

/** Columns as `name` are text, all others numbers: oid, xid, int2, "char" and boolean. */
async function scan(
  client: pg.ClientBase,
  catalogue: string,
  columns: readonly string[],
): Promise<readonly Row[]> {
  const rows: Map<string, Field>[] = [];
  await copyOut(client, `SELECT ${columns.join(', ')} FROM pg_catalog.${catalogue}`, (copied) => {
    const row = new Map<string, Field>();
    for (const column of columns) {
      const field = copied.bytes() ?? Buffer.alloc(0);
      row.set(column, /name$|event$/.test(column) ? field.toString() : readUnsigned(field));
    }
    rows.push(row);
    return true;
  });
  return rows;
}

function readUnsigned(field: Buffer): number {
  return field.length === 0 || field.length > 4 ? NaN : field.readUIntBE(0, field.length);
}

const numberAt = (row: Row, column: string): number => Number(row.get(column));

const isOriginal = (row: Row): boolean => numberAt(row, 'xmin') === BOOTSTRAP;

const isBuiltIn = (oid: number): boolean => oid < FIRST_MADE_LATER;

const nameOf = (names: Names, oid: number): string =>
  names.get(oid) ?? (oid === 0 ? 'nothing' : `type ${oid}`);

function altered(object: string, what = 'is not as PostgreSQL has it'): Finding {
  return finding({}, { code: 'catalogue-altered', found: object, detail: `${object} ${what}` });
}

/** A catalogue that was renamed, with a view in its place, shows what the view's maker likes. */
async function replacedCatalogues(client: pg.ClientBase): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const [name, oid] of Object.entries(CATALOGUES)) {
    const { fields } = await client.query({
      text: `SELECT * FROM pg_catalog.${name} LIMIT 0`,
      rowMode: 'array',
    });
    if (fields[0]?.tableID !== oid) findings.push(altered(`relation pg_catalog.${name}`));
  }
  return findings;
}

async function typeNames(client: pg.ClientBase): Promise<Names> {
  const rows = await scan(client, 'pg_type', ['oid', 'typname']);
  return new Map(rows.map((row) => [numberAt(row, 'oid'), String(row.get('typname'))]));
}

async function changedTypes(
  client: pg.ClientBase,
  names: Names,
  called: Set<number>,
): Promise<readonly Finding[]> {
  const ways = ['typinput', 'typoutput', 'typreceive', 'typsend'];
  const rows = await scan(client, 'pg_type', ['xmin', 'oid', ...ways]);
  const ours = rows.filter((row) => TYPES.has(numberAt(row, 'oid')));
  for (const row of ours.filter(isOriginal)) for (const way of ways) called.add(numberAt(row, way));
  return ours
    .filter((row) => !isOriginal(row))
    .map((row) => altered(`type ${nameOf(names, numberAt(row, 'oid'))}`));
}

/** What stands between two types: casts, operators. */
interface Link {
  /** the columns that name the types */
  readonly types: readonly [string, string];
  /** the column that names the function */
  readonly way: string;
  readonly describe: (row: Row, one: string, other: string) => string;
}

/** Of links between types that PostgreSQL itself has; the functions of those that our types have are noted as called. */
function changedLinks(
  rows: readonly Row[],
  { types: [one, other], way, describe }: Link,
  names: Names,
  called: Set<number>,
): readonly Finding[] {
  const ends = (row: Row): readonly number[] => [numberAt(row, one), numberAt(row, other)];
  const builtIn = rows.filter((row) => ends(row).every(isBuiltIn));
  for (const row of builtIn.filter(isOriginal)) {
    if (ends(row).every((oid) => TYPES.has(oid))) called.add(numberAt(row, way));
  }
  const nameAt = (row: Row, column: string): string => nameOf(names, numberAt(row, column));
  return builtIn
    .filter((row) => !isOriginal(row))
    .map((row) => altered(describe(row, nameAt(row, one), nameAt(row, other))));
}

/** An extension's casts are from or to a type of its own, and change nothing that is stored here. */
async function changedCasts(
  client: pg.ClientBase,
  names: Names,
  called: Set<number>,
): Promise<readonly Finding[]> {
  const rows = await scan(client, 'pg_cast', ['xmin', 'castsource', 'casttarget', 'castfunc']);
  const casts: Link = {
    types: ['castsource', 'casttarget'],
    way: 'castfunc',
    describe: (_, source, target) => `cast from ${source} to ${target}`,
  };
  return changedLinks(rows, casts, names, called);
}

/** In pg_catalog, where alone our sessions look. */
async function changedOperators(
  client: pg.ClientBase,
  names: Names,
  called: Set<number>,
): Promise<readonly Finding[]> {
  const columns = ['xmin', 'oprname', 'oprnamespace', 'oprleft', 'oprright', 'oprcode'];
  const rows = await scan(client, 'pg_operator', columns);
  const operators: Link = {
    types: ['oprleft', 'oprright'],
    way: 'oprcode',
    describe: (row, left, right) => `operator ${String(row.get('oprname'))} of ${left} and ${right}`,
  };
  const ours = rows.filter((row) => numberAt(row, 'oprnamespace') === PG_CATALOG);
  return changedLinks(ours, operators, names, called);
}

/** How B-trees and hashes order and compare the types that we use. */
async function changedIndexMethods(
  client: pg.ClientBase,
  names: Names,
  called: Set<number>,
): Promise<readonly Finding[]> {
  const classes = await scan(client, 'pg_opclass', ['xmin', 'opcmethod', 'opcname', 'opcintype']);
  const members = await scan(client, 'pg_amop', ['xmin', 'amopmethod', 'amoplefttype', 'amoprighttype']);
  const supports = await scan(client, 'pg_amproc', [
    ...['xmin', 'amprocfamily', 'amproclefttype', 'amprocrighttype', 'amproc'],
  ]);
  const isOurs = (row: Row, ...columns: readonly string[]): boolean =>
    columns.every((column) => TYPES.has(numberAt(row, column)));
  const ourSupports = supports.filter(
    (row) => isBuiltIn(numberAt(row, 'amprocfamily')) && isOurs(row, 'amproclefttype', 'amprocrighttype'),
  );
  for (const row of ourSupports.filter(isOriginal)) called.add(numberAt(row, 'amproc'));
  const type = (row: Row, column: string): string => nameOf(names, numberAt(row, column));
  return [
    ...classes
      .filter(
        (row) => METHODS.has(numberAt(row, 'opcmethod')) && isOurs(row, 'opcintype') && !isOriginal(row),
      )
      .map((row) => altered(`operator class ${String(row.get('opcname'))} of ${type(row, 'opcintype')}`)),
    ...members
      .filter((row) => METHODS.has(numberAt(row, 'amopmethod')))
      .filter((row) => isOurs(row, 'amoplefttype', 'amoprighttype') && !isOriginal(row))
      .map((row) => altered(`order of ${type(row, 'amoplefttype')} and ${type(row, 'amoprighttype')}`)),
    ...ourSupports
      .filter((row) => !isOriginal(row))
      .map((row) =>
        altered(`comparison of ${type(row, 'amproclefttype')} and ${type(row, 'amprocrighttype')}`),
      ),
  ];
}

async function changedAggregates(client: pg.ClientBase): Promise<readonly Finding[]> {
  const rows = await scan(client, 'pg_aggregate', ['xmin', 'aggfnoid']);
  return rows
    .filter((row) => isBuiltIn(numberAt(row, 'aggfnoid')) && !isOriginal(row))
    .map((row) => altered(`aggregate ${numberAt(row, 'aggfnoid')}`));
}

/** Runs in our sessions before our statements do, and may change what names and settings mean. From PostgreSQL 17 on. */
async function loginTriggers(client: pg.ClientBase): Promise<readonly Finding[]> {
  const rows = await scan(client, 'pg_event_trigger', ['evtname', 'evtevent']);
  return rows
    .filter((row) => row.get('evtevent') === 'login')
    .map((row) => altered(`login trigger ${String(row.get('evtname'))}`, 'runs in every session'));
}

/**
 * The server calls a built-in function in C whatever the catalogue says of it, unless it is said to be SQL: that the
 * planner puts in its place. Extensions have functions in pg_catalog, too, but none that is named like one that we call.
 * @param called object identifiers of functions behind types, casts, operators and orders that are as they were
 */
async function changedFunctions(
  client: pg.ClientBase,
  called: ReadonlySet<number>,
): Promise<readonly Finding[]> {
  const rows = await scan(client, 'pg_proc', ['oid', 'proname', 'pronamespace', 'prolang']);
  const isUsed = (row: Row): boolean =>
    called.has(numberAt(row, 'oid')) ||
    (numberAt(row, 'pronamespace') === PG_CATALOG && FUNCTIONS.has(String(row.get('proname'))));
  return rows
    .filter((row) => isUsed(row))
    .filter((row) => !isBuiltIn(numberAt(row, 'oid')) || numberAt(row, 'prolang') !== LANGUAGE_INTERNAL)
    .map((row) => altered(`function ${String(row.get('proname'))}`));
}
