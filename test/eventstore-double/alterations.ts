/**
 * What somebody with the server's files in front of them can do to the log. Each returns the records as they would
 * stand then; the double takes them with `alter`.
 */
import { DELETED, type LogRecord, type ProposedRecord } from './record.js';

export type Alteration = (records: readonly LogRecord[]) => readonly LogRecord[];

/** Another content in a record's place, or another time, stream or revision. */
export function changed(record: LogRecord, parts: Partial<Omit<LogRecord, 'position'>>): Alteration {
  return replacing(record, (found) => ({ ...found, ...parts }));
}

/** A record less. Its revision is left out, or the later ones of its stream move up, as if it had never been. */
export function removed(record: LogRecord, { renumber = false } = {}): Alteration {
  return (records) =>
    records
      .filter(({ position }) => position !== record.position)
      .map((other) => (renumber ? moved(other, record, -1n) : other));
}

/** Two records with each other's place in the log; each keeps its stream and its revision. */
export function swapped(a: LogRecord, b: LogRecord): Alteration {
  return (records) =>
    records.map((record) => {
      if (record.position === a.position) return { ...b, position: a.position };
      if (record.position === b.position) return { ...a, position: b.position };
      return record;
    });
}

/** Two records with each other's content: id, type and bytes change places, revisions stay. */
export function exchanged(a: LogRecord, b: LogRecord): Alteration {
  const contents = ({ id, type, json, data, metadata, created }: LogRecord): Partial<LogRecord> => {
    return { id, type, json, data, metadata, created };
  };
  return (records) =>
    records.map((record) => {
      if (record.position === a.position) return { ...record, ...contents(b) };
      if (record.position === b.position) return { ...record, ...contents(a) };
      return record;
    });
}

/** A record more, just before another and with its revision; the later ones of that stream move down. */
export function inserted(before: LogRecord, event: ProposedRecord): Alteration {
  return (records) => {
    const at = records.findIndex(({ position }) => position === before.position);
    const ahead = records[at - 1]?.position ?? 0;
    const place = { position: Math.floor((ahead + before.position) / 2), revision: before.revision };
    const extra = { ...before, ...event, ...place };
    const later = records.slice(at).map((record) => moved(record, before, 1n));
    return [...records.slice(0, at), extra, ...later];
  };
}

function replacing(record: LogRecord, change: (found: LogRecord) => LogRecord): Alteration {
  return (records) => records.map((found) => (found.position === record.position ? change(found) : found));
}

/** The record with its revision moved when it stands in the other's stream, at or after it. */
function moved(record: LogRecord, other: LogRecord, by: bigint): LogRecord {
  const isLater = record.stream === other.stream && record.revision >= other.revision;
  return isLater && record.visible && record.revision !== DELETED
    ? { ...record, revision: record.revision + by }
    : record;
}
