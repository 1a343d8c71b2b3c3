/** What the parts of the contract work with. */
import { randomUUID } from 'node:crypto';
import type { Candidate, EventLog } from '../../../src/event-log/port.js';
import type { RecordedEvent } from '../../../src/ledger/types.js';
import { collect } from '../../support/event-log.js';

export interface LogUnderTest {
  /** the instance that the tests share; there when they run */
  readonly log: () => EventLog;
  /** a further instance on the same log, as another process has it; closed by whoever opened it */
  readonly open: () => EventLog;
  /** what becomes of an event without a type, which not every log can take */
  readonly emptyTypes: 'taken' | 'refused';
}

/** A source that no other test uses. */
export function newSource(): string {
  return `source-${randomUUID()}`;
}

/** A source's whole stream, of a log that says where its events stand. */
export async function read(log: EventLog, source: string): Promise<readonly RecordedEvent[]> {
  const events = await collect(log.readSource(source));
  return events.map(({ position, ...event }) => {
    if (position === null) throw new Error('the log does not say where the event stands');
    return { position, ...event };
  });
}

/** Append one event and read it. */
export async function appendOne(log: EventLog, source: string, given: Candidate): Promise<RecordedEvent> {
  await log.append(source, [given]);
  const event = (await read(log, source)).find(({ id }) => id === given.id);
  if (event === undefined) throw new Error('what was appended is not in the stream');
  return event;
}
