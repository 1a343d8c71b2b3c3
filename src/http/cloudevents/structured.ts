/** A CloudEvent in structured mode, alone or in a batch: one JSON object (JSON Event Format for CloudEvents 1.0). */
import { isReserved } from '../../ledger/name.js';
import type { Json } from '../../ledger/types.js';
import { MAX_METADATA_BYTES } from '../limits.js';
import { isObject } from '../../ledger/json-object.js';
import { invalidEvent, reservedSource, type EnvelopeReader } from '../envelope.js';
import { pointerTo, type Places } from '../places.js';
import type { Problem } from '../problem.js';
import { readAttributes, type Mistake } from './attributes.js';
import { isBase64 } from './data.js';
import { NO_DATA, submissionOf, type EventData } from './event.js';
import { isJson } from './media-type.js';
import { contentType } from './marks.js';

const DATA = 'data';
const DATA_BASE64 = 'data_base64';

/** Read an event of the JSON format. Nothing is coerced; members that are null are not set, but for `data`. */
export const readStructured: EnvelopeReader = (value, item) => {
  if (!isObject(value)) {
    return invalidEvent([{ pointer: pointerTo(item), keyword: 'type', detail: 'must be object' }]);
  }
  const names = Object.keys(value);
  if (names.length > MOST_MEMBERS) return tooMany(item);
  const given = names.filter((name) => name !== DATA && name !== DATA_BASE64);
  const { attributes, mistakes } = readAttributes(given.map((name) => [name, value[name] ?? null]));
  const { [DATA]: data, [DATA_BASE64]: base64 } = value;
  const read = readData(data, base64 ?? undefined, () => isJson(contentType(attributes)));
  const all = 'detail' in read ? [...mistakes, read] : mistakes;
  if (all.length > 0 || 'detail' in read) {
    return invalidEvent(all.map(({ name, ...mistake }) => ({ pointer: pointerTo(item, name), ...mistake })));
  }
  const submission = submissionOf(attributes, read, PLACES[read.form]);
  return isReserved(submission.source) ? reservedSource(submission, item) : submission;
};

/** More attributes than the metadata have room for: each takes six bytes there, `"a":1,`. */
const MOST_MEMBERS = Math.ceil(MAX_METADATA_BYTES / 6);

function tooMany(item: number | null): Problem {
  const pointer = pointerTo(item);
  const detail = `must have at most ${MOST_MEMBERS} members`;
  const errors = [{ pointer, keyword: 'size', detail }];
  return { code: 'too-large', detail: `${pointer || 'the event'} ${detail}`, errors };
}

/** @param takesAny whether the content type lets the data be any JSON value */
function readData(
  data: Json | undefined,
  base64: Json | undefined,
  takesAny: () => boolean,
): EventData | Mistake {
  if (base64 === undefined) {
    if (data === undefined) return NO_DATA;
    if (typeof data === 'string' || takesAny()) return { form: 'value', payload: data };
    return {
      name: DATA,
      keyword: 'type',
      detail: 'must be a string, as datacontenttype is not that of JSON',
    };
  }
  if (data !== undefined) {
    return { name: DATA_BASE64, keyword: 'not', detail: `must not be given beside ${DATA}` };
  }
  if (typeof base64 !== 'string') return { name: DATA_BASE64, keyword: 'type', detail: 'must be a string' };
  if (isBase64(base64)) return { form: 'base64', payload: base64 };
  return {
    name: DATA_BASE64,
    keyword: 'base64',
    detail: 'must be Base64 as RFC 4648 (4) has it, with its padding',
  };
}

const places = (payloadMember: string | null): Places => ({
  payloadMember,
  spot: (part, item) => ({
    pointer:
      part === 'event' || part === 'metadata'
        ? pointerTo(item)
        : pointerTo(item, part === 'payload' ? (payloadMember ?? DATA) : part),
  }),
});

const PLACES = { value: places(DATA), base64: places(DATA_BASE64), absent: places(null) };
