/** Scavenging: what metadata hides leaves the log for good, and the server leaves its traces. */
import { randomUUID } from 'node:crypto';
import type { DoubleLog } from './double-log.js';
import { originalOf, proposed, type LogRecord } from './record.js';

/**
 * Remove hidden events from the log, `$all` included. The newest event of a stream stays even when it is hidden, and
 * of a tombstoned stream the tombstone alone; positions stay as they were.
 * @returns the scavenge's id
 */
export function scavenge(log: DoubleLog): string {
  const id = randomUUID();
  const stream = `$scavenges-${id}`;
  log.append('$scavengePoints', [proposed({ type: '$scavengePoint', data: '{"threshold":0}' })]);
  log.append(stream, [proposed({ type: '$scavengeStarted', data: JSON.stringify({ scavengeId: id }) })]);
  log.append('$scavenges', [proposed({ type: '$>', data: `0@${stream}`, json: false })]);
  log.replace(log.records.map((record) => (isKept(log, record) ? record : { ...record, visible: false })));
  const result = JSON.stringify({ scavengeId: id, result: 'Success' });
  log.append(stream, [proposed({ type: '$scavengeCompleted', data: result })]);
  return id;
}

function isKept(log: DoubleLog, record: LogRecord): boolean {
  const state = log.stream(record.stream);
  if (!state || !record.visible) return true;
  if (state.tombstone) return record === state.tombstone;
  const original = originalOf(record.stream);
  if (original !== null && log.stream(original)?.tombstone) return false;
  return state.shows(record) || record.revision === state.last;
}
