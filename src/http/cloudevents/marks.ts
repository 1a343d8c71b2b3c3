/**
 * What the metadata keep of a CloudEvent under `cloudevent`: the attributes that have no place of their own there, and
 * how its data were given where the payload does not show it.
 *
 *     {"comexampleothervalue":5,"data":"base64","datacontenttype":"image/png","specversion":"1.0"}
 *
 * `data` is the name of no attribute.
 */
import { eventIdFor, isUuid } from '../../ledger/identity.js';
import type { EventId, Json } from '../../ledger/types.js';
import { attributeMistake, SPEC_VERSION, TRACE, type Attributes, type AttributeValue } from './attributes.js';
import { isBase64Text, isJsonText } from './data.js';
import { isJson, parseMediaType, type MediaType } from './media-type.js';

/**
 * How the payload has the data: as they are (JSON, or the text of another content type), as Base64 of bytes, or null
 * because there were none.
 */
export type DataForm = 'value' | 'base64' | 'absent';

export interface Marks {
  /** those that have no place of their own in the metadata */
  readonly attributes: Attributes;
  readonly data: DataForm;
}

/** Attributes that stand elsewhere in the metadata or the header; an id may differ from there in its case. */
const ELSEWHERE: ReadonlySet<string> = new Set([
  ...['source', 'type', 'subject', 'time'],
  ...['actor', ...TRACE],
]);

/** What is kept of an event with these attributes. */
export function writeMarks(attributes: Attributes, data: DataForm): Readonly<Record<string, Json>> {
  const kept = [...attributes].filter(
    ([name, value]) => !ELSEWHERE.has(name) && (name !== 'id' || isOddlySpelt(value)),
  );
  return Object.fromEntries<Json>(data === 'value' ? kept : [...kept, ['data', data]]);
}

/** A UUID that is not in lower case: the event's id is, and nothing else would tell how it was sent. */
function isOddlySpelt(id: AttributeValue): boolean {
  return typeof id === 'string' && isUuid(id) && id !== id.toLowerCase();
}

/**
 * The marks of an event, null where they are not what writeMarks gives for this event: programs that write into the log
 * may have put anything there.
 * @param json the event's data as canonical JSON, null where they are no I-JSON
 */
export function readMarks(
  cloudevent: Readonly<Record<string, Json>>,
  event: { readonly id: EventId; readonly source: string },
  json: Buffer | null,
): Marks | null {
  const { data = 'value', ...rest } = cloudevent;
  const attributes = new Map(Object.entries(rest)) as Map<string, AttributeValue>;
  const id = attributes.get('id');
  const isSound =
    attributes.get('specversion') === SPEC_VERSION &&
    [...attributes].every(
      ([name, value]) => !ELSEWHERE.has(name) && attributeMistake(name, value) === null,
    ) &&
    (id === undefined || eventIdFor(event.source, id as string) === event.id) &&
    isDataForm(data) &&
    holds(data, contentType(attributes), json);
  return isSound ? { attributes, data } : null;
}

function isDataForm(data: Json): data is DataForm {
  return data === 'value' || data === 'base64' || data === 'absent';
}

/** Whether the payload is what data of this form and type have become. */
function holds(form: DataForm, type: MediaType, json: Buffer | null): boolean {
  switch (form) {
    case 'absent':
      return json?.toString() === 'null';
    case 'base64':
      return json !== null && isBase64Text(json);
    case 'value':
      return json !== null && (isJson(type) || isJsonText(json));
  }
}

const IMPLIED: MediaType = { essence: 'application/json', parameters: new Map() };

/** The type of the data: JSON where none is told (datacontenttype; JSON Event Format, 3.1.1). */
export function contentType(attributes: Attributes): MediaType {
  const given = attributes.get('datacontenttype');
  return (typeof given === 'string' ? parseMediaType(given) : null) ?? IMPLIED;
}
