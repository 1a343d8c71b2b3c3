/** The events of a request, in whichever form its header fields announce. */
import type { FastifyRequest } from 'fastify';
import { parseBinary } from './cloudevents/binary.js';
import { isBinaryMode } from './cloudevents/mode.js';
import { readStructured } from './cloudevents/structured.js';
import {
  CLOUDEVENT_TYPE,
  CLOUDEVENTS_TYPE,
  isArrayDocument,
  NDJSON_TYPE,
  parseArray,
  parseEvent,
  parseLines,
  type Item,
} from './documents.js';
import { invalidEvent, readEnvelope, type EnvelopeReader } from './envelope.js';
import { ProblemError } from './problem.js';

/** One event, or a batch in which each has its own result; and what they are read by. */
export type SentEvents = { readonly read: EnvelopeReader } & (
  { readonly batch: false; readonly item: Item } | { readonly batch: true; readonly items: Iterable<Item> }
);

const NOTHING = Buffer.alloc(0);

/** @throws ProblemError when nothing of the request counts */
export async function readSentEvents({ headers, raw, body: sent }: FastifyRequest): Promise<SentEvents> {
  const body = (sent as Buffer | undefined) ?? NOTHING;
  const type = headers['content-type']?.toLowerCase() ?? '';
  if (isBinaryMode(headers)) {
    const { document, read } = parseBinary(raw.rawHeaders, body);
    return { batch: false, item: document, read };
  }
  if (type.startsWith(CLOUDEVENT_TYPE)) {
    return { batch: false, item: parseEvent(body), read: readStructured };
  }
  if (type.startsWith(CLOUDEVENTS_TYPE)) {
    return { batch: true, items: await parseBatch(body), read: readStructured };
  }
  if (type.startsWith(NDJSON_TYPE)) return { batch: true, items: parseLines(body), read: readEnvelope };
  return isArrayDocument(body)
    ? { batch: true, items: await parseArray(body), read: readEnvelope }
    : { batch: false, item: parseEvent(body), read: readEnvelope };
}

/** The JSON Batch Format (JSON Event Format for CloudEvents 1.0, 4): an array, also of one event. */
async function parseBatch(body: Buffer): Promise<readonly Item[]> {
  if (isArrayDocument(body)) return await parseArray(body);
  // what is no JSON at all is told before
  parseEvent(body);
  throw new ProblemError(
    invalidEvent([{ pointer: '', keyword: 'type', detail: 'must be an array of CloudEvents' }]),
  );
}
