/** The columns of a CSV export: which there are, and what stands in them. */
import { isCanonicalJson } from '../../ledger/canonical-form.js';
import { canonicalJson, readCanonical } from '../../ledger/canonical-json.js';
import { cut } from '../../ledger/cut.js';
import { valueAt } from '../../ledger/json-pointer.js';
import { attributionIn } from '../../ledger/metadata.js';
import type { Entry, Header, Instant, Json } from '../../ledger/types.js';
import { payloadPath } from '../event-query.js';
import { badParameter } from '../parameters.js';

export interface Column {
  /** as it was asked for: it stands in the header row */
  readonly name: string;
  /** the text of an entry's cell; empty where there is nothing */
  readonly text: (view: EntryView) => string;
}

/** An entry, and what its payload says, which is read at most once. */
export interface EntryView {
  readonly entry: Entry;
  /** undefined: the payload is no I-JSON */
  readonly payload: () => Json | undefined;
}

export function viewOf(entry: Entry): EntryView {
  let read: { readonly value: Json | undefined } | null = null;
  return { entry, payload: () => (read ??= { value: readCanonical(entry.data)?.value }).value };
}

type Text = Column['text'];

const header =
  (member: keyof Header): Text =>
  ({ entry }) =>
    String(entry.header[member] ?? '');

const ofTime =
  (member: 'occurredAt' | 'recordedAt'): Text =>
  ({ entry }) =>
    spreadsheetTime(entry.header[member]);

/** UTC, and to the second, since Excel shows a time with milliseconds as minutes and seconds alone. */
function spreadsheetTime(instant: Instant | null): string {
  return instant === null ? '' : `${instant.slice(0, 10)} ${instant.slice(11, 19)}`;
}

/** As the line of the entry has them: as JSON, or else in Base64. */
const recorded =
  (member: 'data' | 'metadata', form: 'json' | 'base64'): Text =>
  ({ entry: { [member]: bytes } }) =>
    isCanonicalJson(bytes) === (form === 'json') ? bytes.toString(form === 'json' ? 'utf8' : 'base64') : '';

const NAMED: ReadonlyMap<string, Text> = new Map<string, Text>([
  ['index', header('index')],
  ['recordedAt', ofTime('recordedAt')],
  ['occurredAt', ofTime('occurredAt')],
  ['source', header('source')],
  ['type', header('type')],
  ['actor', header('actor')],
  ['subject', ({ entry }) => attributionIn(entry.metadata)?.subject ?? ''],
  ['verdict', header('verdict')],
  ['recordedBy', header('recordedBy')],
  ['id', header('id')],
  ['revision', header('revision')],
  ['payload', recorded('data', 'json')],
  ['hash', ({ entry }) => entry.hash],
  ['payloadBase64', recorded('data', 'base64')],
  ['metadata', recorded('metadata', 'json')],
  ['metadataBase64', recorded('metadata', 'base64')],
  ['recordedAtExact', header('recordedAt')],
  ['occurredAtExact', header('occurredAt')],
  ['v', header('v')],
  ['schema', header('schema')],
  ['content', header('content')],
  ['previous', header('previous')],
  ['previousInSource', header('previousInSource')],
]);

export const COLUMN_NAMES: readonly string[] = [...NAMED.keys()];

/** Without `columns=`: what a person looks for first, and the hash, by which to find an entry in the evidence. */
export const DEFAULT_COLUMNS = COLUMN_NAMES.slice(0, COLUMN_NAMES.indexOf('hash') + 1);

/**
 * The columns that were asked for.
 * @param lists each written as the header row is: names with commas between them; a name that holds commas or quotes
 *   stands in quotes, and quotes in it are doubled
 * @throws ProblemError that names what is no column
 */
export function readColumns(lists: readonly string[]): readonly Column[] {
  const names = lists.length === 0 ? DEFAULT_COLUMNS : lists.flatMap(namesIn);
  return names.map((name) => ({ name, text: textOf(name) }));
}

function textOf(name: string): Text {
  const named = NAMED.get(name);
  if (named !== undefined) return named;
  const path = payloadPath(name, (keyword, detail) => refuse(name, keyword, detail));
  if (path !== null) return ({ payload }) => textAt(payload(), path);
  throw refuse(
    name,
    'column',
    `is no column; there are ${COLUMN_NAMES.join(', ')}, payload.<path> and payload:<JSON Pointer>`,
  );
}

/** A string as it is, any other value as canonical JSON. */
function textAt(payload: Json | undefined, path: readonly string[]): string {
  const value = payload === undefined ? undefined : valueAt(payload, path);
  if (value === undefined) return '';
  return typeof value === 'string' ? value : canonicalJson(value);
}

/** What such a list can be, for the description of the parameter. */
export const LIST_PATTERN = ((): string => {
  const named = COLUMN_NAMES.join('|');
  const name = (own: string): string =>
    `(${named}|payload(\\.(${own}|[/~])+)+|payload:(/(${own}|\\.|~[01])*)*)`;
  const item = `(${name('[^./~,"\\u0000]')}|"${name('([^./~"\\u0000]|"")')}")`;
  return `^${item}(,${item})*$`;
})();

const NAME = /(?:"((?:[^"]|"")*)"|([^",]*))(?:,|$)/y;

function namesIn(list: string): readonly string[] {
  const names: string[] = [];
  NAME.lastIndex = 0;
  for (let goesOn = true; goesOn;) {
    const at = NAME.lastIndex;
    const [all, quoted, plain = ''] = NAME.exec(list) ?? [];
    if (all === undefined) throw refuse(list.slice(at), 'quotes', 'has quotes that do not belong together');
    names.push(quoted?.replaceAll('""', '"') ?? plain);
    goesOn = all.endsWith(',');
  }
  return names;
}

function refuse(name: string, keyword: string, detail: string): Error {
  return badParameter('columns', keyword, `${JSON.stringify(cut(name, 100))} ${detail}`);
}
