/**
 * What is not an event in $all and yet concerns the ledger: who truncated, deleted, scavenged, or changed the rights that
 * prevent it. Of everything else (`$all` also holds the users' password hashes) nothing is looked at. Pure, and never
 * throws: what it cannot read might hide events, and is said to.
 */
import type { AdministrativeRecord } from '../port.js';
import { ALLOWS, accessListIn, differences, parseObject, WANTED, type Scope } from './access-lists.js';
import type { LogRecord } from './messages.js';
import { hidingIn } from './stream-metadata.js';
import { SOURCE_PREFIX, TOMBSTONE } from './streams.js';

const METADATA_PREFIX = `$$${SOURCE_PREFIX}`;
const SCAVENGES = '$scavenges';
const SETTINGS = '$settings';

/** What the names of the streams begin with that a guard has to see, besides those of the sources. */
export const GUARDED_PREFIXES: readonly string[] = [METADATA_PREFIX, SCAVENGES, SETTINGS];

/** What a record that is no event says was done to the log; nothing for an event, and for what does no harm. */
export function administrationIn(record: LogRecord): readonly AdministrativeRecord[] {
  const { stream, revision } = record;
  if (stream.startsWith(SOURCE_PREFIX)) return revision === TOMBSTONE ? [tombstone(record)] : [];
  if (stream.startsWith(METADATA_PREFIX)) return revision === TOMBSTONE ? [] : metadata(record);
  if (stream === SCAVENGES || stream.startsWith(`${SCAVENGES}-`)) return [scavenge(record)];
  if (stream === SETTINGS) return settings(record);
  return [];
}

type What = Pick<AdministrativeRecord, 'what' | 'source' | 'detail'>;

function said(record: LogRecord, what: What, place = `position ${record.position}`): AdministrativeRecord {
  return { ...what, place, at: record.created };
}

function tombstone(record: LogRecord): AdministrativeRecord {
  return said(record, {
    what: 'tombstoned',
    source: record.stream.slice(SOURCE_PREFIX.length),
    detail:
      `the stream was deleted for good (a tombstone at position ${record.position}): the log shows none of its events, ` +
      'takes no more, and loses them with the next scavenge',
  });
}

/** A stream's metadata, of which each record stands for all before it. */
function metadata(record: LogRecord): readonly AdministrativeRecord[] {
  const source = record.stream.slice(METADATA_PREFIX.length);
  const by = `its metadata at position ${record.position}`;
  const { before, deleted, maxAge, maxCount, understood } = hidingIn(record.data);
  const found: AdministrativeRecord[] = [];
  if (!understood) {
    const detail = `${by} are nothing that this program reads: whether they hide events is not known`;
    found.push(said(record, { what: 'retention', source, detail }));
  } else if (maxAge !== null || maxCount !== null) {
    const limits = [
      ...(maxAge === null ? [] : [`that are older than ${maxAge} s ($maxAge)`]),
      ...(maxCount === null ? [] : [`before the newest ${maxCount} ($maxCount)`]),
    ];
    const detail = `${by} hide events ${limits.join(', and those ')}`;
    found.push(said(record, { what: 'retention', source, detail }));
  }
  if (deleted) {
    const detail = `the stream was deleted (${by}): the log hides its events, and loses them with the next scavenge`;
    found.push(said(record, { what: 'deleted', source, detail }));
  } else if (before !== null && before > 0) {
    const detail = `${by} hide events before revision ${before} ($tb)`;
    found.push(said(record, { what: 'truncated', source, detail }));
  }
  return found;
}

const SCAVENGE_ID = /\$scavenges-([\w-]{1,64})/;

/** Each scavenge leaves a stream of its own, of many records, and a link to it. */
function scavenge(record: LogRecord): AdministrativeRecord {
  const [, id] = SCAVENGE_ID.exec(record.stream) ?? SCAVENGE_ID.exec(record.data.toString()) ?? [];
  return said(
    record,
    {
      what: 'scavenged',
      source: null,
      detail: `a scavenge (${id ?? `position ${record.position}`}) removes for good what was truncated or deleted`,
    },
    id === undefined ? undefined : `scavenge ${id}`,
  );
}

/** Lists that are what `eventstore setup` makes them are no news, whoever wrote them. */
function settings(record: LogRecord): readonly AdministrativeRecord[] {
  const lists = parseObject(record.data);
  const changes = (Object.keys(WANTED) as Scope[]).flatMap((scope) =>
    differences(accessListIn(lists, scope), scope).flatMap(({ right, surplus, lacking }) => [
      ...surplus.map((role) => `${nameOf(role)} may ${ALLOWS[right]} (${scope} ${right})`),
      ...lacking.map((role) => `${nameOf(role)} may not ${ALLOWS[right]} (${scope} ${right})`),
    ]),
  );
  if (changes.length === 0) return [];
  const detail = `$settings at position ${record.position} say other rights than eventstore setup: ${changes.join('; ')}`;
  return [said(record, { what: 'settings-changed', source: null, detail })];
}

function nameOf(role: string): string {
  return role === '$all' ? 'everybody' : role;
}
