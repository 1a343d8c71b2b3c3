/** POST /v1/events: one event, a JSON array of them, or one a line; CloudEvents in every mode. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from '../json-schema.js';
import { announcePreferences, sendResults, sendTaken } from '../answers.js';
import { SubmittedCloudEvent } from '../cloudevents/shapes.js';
import { CLOUDEVENT_TYPE, CLOUDEVENTS_TYPE, JSON_TYPE, NDJSON_TYPE } from '../documents.js';
import { MAX_BATCH_EVENTS, MAX_BODY_BYTES, MAX_EVENT_BYTES } from '../limits.js';
import { principalOf } from '../guard.js';
import { readPreferences, type Preferences } from '../prefer.js';
import { readSentEvents, type SentEvents } from '../sent-events.js';
import type { App, Services } from '../services.js';
import { submitOne } from '../submitting.js';
import { content, itemsOf, withHeaders } from '../answer-shapes.js';
import { problems } from '../problem-shapes.js';
import { BatchAnswer, batchProblems, Queued, Recorded, SubmittedEvent } from '../recording-shapes.js';
import { waitForEntry } from '../waiting.js';

const DESCRIPTION = `One event, or up to ${MAX_BATCH_EVENTS} as an array or as lines. 202 means that the event log has
them on disk. The same event again (same source and id, same content) is a replay: 200, and recorded once.
\`Prefer: wait=n\` waits for the ledger to have a single event: 201. \`Prefer: handling=lenient\` records what only the
schema refuses, to be chained as rejected. Batches are not atomic: each event has its result, in order. The body has at
most ${MAX_BODY_BYTES} bytes, each event in it at most ${MAX_EVENT_BYTES}. A result 413 with the keyword \`work\` asks for a smaller
batch: judging the events before it took all the work that one may take.

CloudEvents 1.0 are taken in structured, batched and binary mode. In binary mode the attributes are header fields,
\`ce-specversion\`, \`ce-id\`, \`ce-source\`, \`ce-type\` and what else there is, percent-encoded, and the body, of any media type
and not only of those below, is the data.`;

const HONOURED = { 'Preference-Applied': 'what was honoured of Prefer (RFC 7240)' };
const TAKEN = { ...HONOURED, Location: 'where a single event can be read at once' };

export function postEvents(app: App, services: Services): void {
  app.register((routes, _options, done) => {
    // guard.ts lets other types pass only where they are the data of an event
    routes.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, next) => {
      next(null, body);
    });
    eventsRoute(routes, services);
    done();
  });
}

function eventsRoute(app: App, services: Services): void {
  const batch = Type.Array(SubmittedEvent, { maxItems: MAX_BATCH_EVENTS });
  const cloudevents = Type.Array(SubmittedCloudEvent, { maxItems: MAX_BATCH_EVENTS });
  app.route({
    method: 'POST',
    url: '/v1/events',
    config: {
      needs: 'write',
      consumes: [JSON_TYPE, NDJSON_TYPE, CLOUDEVENT_TYPE, CLOUDEVENTS_TYPE],
      binaryEvents: true,
    },
    schema: {
      tags: ['events'],
      operationId: 'recordEvents',
      summary: 'Report events',
      description: DESCRIPTION,
      headers: Type.Object({
        prefer: Type.Optional(
          Type.String({ description: '`wait=n`, `handling=lenient` (RFC 7240); others are ignored' }),
        ),
      }),
      body: {
        content: {
          [JSON_TYPE]: { schema: Type.Union([SubmittedEvent, batch]) },
          [NDJSON_TYPE]: { schema: itemsOf(SubmittedEvent) },
          [CLOUDEVENT_TYPE]: { schema: SubmittedCloudEvent },
          [CLOUDEVENTS_TYPE]: { schema: cloudevents },
        },
      },
      response: {
        ...problems(400, 409, 413, 415),
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
      const preferences = readPreferences(request.headers.prefer);
      const sent = await readSentEvents(request);
      return sent.batch
        ? await answerBatch(sent, preferences, request, reply)
        : await answerSingle(sent, preferences, request, reply);
    },
  });

  async function answerSingle(
    { item, read }: Extract<SentEvents, { readonly batch: false }>,
    preferences: Preferences,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    const { wait, lenient } = preferences;
    const taken = await submitOne(services.door, request, { item, read, lenient });
    announcePreferences(reply, preferences);
    const entry =
      wait === null ? null : await waitForEntry(services.reader, taken, wait * 1000, services.closing);
    return sendTaken(reply, taken, entry);
  }

  async function answerBatch(
    { items, read }: Extract<SentEvents, { readonly batch: true }>,
    { lenient }: Preferences,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    const principal = principalOf(request);
    const outcomes = await services.door.submit({ items, batch: true, read, principal, lenient });
    announcePreferences(reply, { wait: null, lenient });
    return sendResults(reply, outcomes);
  }
}
