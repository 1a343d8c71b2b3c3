/** A CloudEvent as the ledger records it, whatever mode it came in. */
import { parseTimestamp } from '../../ledger/time.js';
import type { Json } from '../../ledger/types.js';
import type { Submission } from '../envelope.js';
import type { Places } from '../places.js';
import { TRACE, type Attributes } from './attributes.js';
import { writeMarks, type DataForm } from './marks.js';

/** The data of an event: the payload that is recorded for them, and what it stands for. */
export interface EventData {
  readonly form: DataForm;
  readonly payload: Json;
}

export const NO_DATA: EventData = { form: 'absent', payload: null };

/** @param attributes in which there is no mistake */
export function submissionOf(attributes: Attributes, data: EventData, places: Places): Submission {
  const text = (name: string): string | null => (attributes.get(name) as string | undefined) ?? null;
  const timestamp = text('time');
  return {
    source: text('source') ?? '',
    type: text('type') ?? '',
    payload: data.payload,
    id: text('id'),
    timestamp,
    occurredAt: timestamp === null ? null : parseTimestamp(timestamp),
    actor: text('actor'),
    subject: text('subject'),
    context: undefined,
    trace: traceIn(attributes),
    cloudevent: writeMarks(attributes, data.form),
    places,
  };
}

/** The extension Distributed Tracing, as the metadata keep it. */
function traceIn(attributes: Attributes): Readonly<Record<string, string>> | null {
  const members = TRACE.filter((name) => attributes.has(name));
  if (members.length === 0) return null;
  return Object.fromEntries(members.map((name) => [name, attributes.get(name) as string]));
}
