/** POST /v1/events: one event, a JSON array of them, or one a line. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from '../json-schema.js';
import { LedgerError } from '../../ledger/error.js';
import { announcePreferences, sendResults, sendTaken, type Taken } from '../answers.js';
import {
  isArrayDocument,
  JSON_TYPE,
  MAX_BATCH_EVENTS,
  MAX_BODY_BYTES,
  MAX_EVENT_BYTES,
  NDJSON_TYPE,
  parseArray,
  parseEvent,
  parseLines,
  type Item,
} from '../documents.js';
import type { Door } from '../door.js';
import { principalOf } from '../guard.js';
import { readPreferences, type Preferences } from '../prefer.js';
import { ProblemError } from '../problem.js';
import type { App, Services } from '../services.js';
import {
  BatchAnswer,
  batchProblems,
  content,
  problems,
  Queued,
  Recorded,
  SubmittedEvent,
  withHeaders,
} from '../shapes.js';
import { waitForEntry } from '../waiting.js';

const DESCRIPTION = `One event, or up to ${MAX_BATCH_EVENTS} as an array or as lines. 202 means that the event log has
them on disk. The same event again (same source and id, same content) is a replay: 200, and recorded once.
\`Prefer: wait=n\` waits for the ledger to have a single event: 201. \`Prefer: handling=lenient\` records what only the
schema refuses, to be chained as rejected. Batches are not atomic: each event has its result, in order. The body has at
most ${MAX_BODY_BYTES} bytes, each event in it at most ${MAX_EVENT_BYTES}.`;

const HONOURED = { 'Preference-Applied': 'what was honoured of Prefer (RFC 7240)' };
const TAKEN = { ...HONOURED, Location: 'where a single event can be read at once' };

export function postEvents(app: App, services: Services): void {
  const batch = Type.Array(SubmittedEvent, { maxItems: MAX_BATCH_EVENTS });
  app.route({
    method: 'POST',
    url: '/v1/events',
    config: { consumes: [JSON_TYPE, NDJSON_TYPE] },
    schema: {
      tags: ['events'],
      summary: 'Report events',
      description: DESCRIPTION,
      headers: Type.Object({ prefer: Type.Optional(Type.String({ description: 'RFC 7240' })) }),
      body: {
        content: {
          [JSON_TYPE]: { schema: Type.Union([SubmittedEvent, batch]) },
          [NDJSON_TYPE]: { schema: SubmittedEvent },
        },
      },
      response: {
        ...problems(400, 403, 409, 413, 415),
        ...batchProblems(422, 503),
        200: withHeaders(content(JSON_TYPE, Type.Union([Queued, Recorded, BatchAnswer]), 'Replays'), TAKEN),
        201: withHeaders(content(JSON_TYPE, Recorded, 'The ledger has it'), TAKEN),
        202: withHeaders(
          content(JSON_TYPE, Type.Union([Queued, BatchAnswer]), 'The event log has it'),
          TAKEN,
        ),
        207: withHeaders(content(JSON_TYPE, BatchAnswer, 'Some of a batch failed'), HONOURED),
      },
    },
    handler: async (request, reply) => {
      const body = request.body as Buffer;
      const preferences = readPreferences(request.headers.prefer);
      if (request.headers['content-type']?.toLowerCase().startsWith(NDJSON_TYPE)) {
        return await answerBatch(await parseLines(body), preferences, request, reply);
      }
      if (isArrayDocument(body))
        return await answerBatch(await parseArray(body), preferences, request, reply);
      return await answerSingle(body, preferences, request, reply);
    },
  });

  async function answerSingle(
    body: Buffer,
    preferences: Preferences,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    const taken = await submitOne(services.door, parseEvent(body), request, preferences.lenient);
    announcePreferences(reply, preferences);
    const { wait } = preferences;
    const entry =
      wait === null ? null : await waitForEntry(services.reader, taken, wait * 1000, services.closing);
    return sendTaken(reply, taken, entry);
  }

  async function answerBatch(
    items: readonly Item[],
    { lenient }: Preferences,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    const recordedBy = principalOf(request).name;
    const outcomes = await services.door.submit({ items, batch: true, recordedBy, lenient });
    announcePreferences(reply, { wait: null, lenient });
    return sendResults(reply, outcomes);
  }
}

/** @throws ProblemError when the event is not taken */
export async function submitOne(
  door: Door,
  item: Item,
  request: FastifyRequest,
  lenient: boolean,
): Promise<Taken> {
  const [outcome] = await door.submit({
    items: [item],
    batch: false,
    recordedBy: principalOf(request).name,
    lenient,
  });
  if (outcome === undefined) throw new LedgerError('internal', 'the door gave no outcome');
  if (outcome.status === 'refused') throw new ProblemError(outcome.problem);
  return outcome;
}
