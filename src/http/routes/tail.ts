/** GET /v1/events/stream: the ledger as it grows, as Server-Sent Events. */
import { Type } from '../json-schema.js';
import { entryLine } from '../../ledger/line.js';
import type { Entry, Index } from '../../ledger/types.js';
import { CloudEvent } from '../cloudevents/shapes.js';
import { entryCloudEvent } from '../cloudevents/writing.js';
import { readFilters, readInternal } from '../event-query.js';
import { followLedger } from '../following.js';
import { principalOf } from '../guard.js';
import { LiveEntries, type Stretch } from '../live-entries.js';
import type { TailLimits } from '../limits.js';
import { choice, integer, wholeNumber } from '../parameters.js';
import { FilterQuery, Internal, LastEventId } from '../parameter-shapes.js';
import { refusal } from '../problem.js';
import type { App, Services } from '../services.js';
import { content, itemsOf } from '../answer-shapes.js';
import { problems, ProblemShape } from '../problem-shapes.js';
import { closed } from '../shape-parts.js';
import { Line } from '../shapes.js';
import { EVENT_STREAM_TYPE, HEARTBEAT_MS, sendTail, TAIL_HEADERS } from '../tailing.js';

const DESCRIPTION = `Entries as they are chained, each as a message: \`id\` its index, \`event\` the word \`entry\`, \`data\`
its line, or with \`format=cloudevents\` the event as a CloudEvent, its revision in the extension \`sequence\`. From
\`Last-Event-ID\` on (exclusive), else from \`fromIndex\` (inclusive), else from what comes next. Nothing is left out or
repeated by whoever comes back with the last id it has seen: the first message has no data, but the index before the first
that is looked at. Comments come where nothing else does, with the index up to which nothing matched. A message \`problem\` says why the stream ends: to a client that took nothing for
long, \`slow-reader\`. What waits for the end of an answer, as /docs does, shows nothing of it.`;

/** How the data of a message give an entry. */
const FORMATS = {
  line: entryLine,
  cloudevents: (entry: Entry) => entryCloudEvent(entry, { sequence: true }),
};

const EntryMessage = closed({
  id: Type.String({ description: 'the index of the entry' }),
  event: Type.Literal('entry'),
  data: Type.Union([Line, CloudEvent]),
});
const ProblemMessage = closed({ event: Type.Literal('problem'), data: ProblemShape });

export function tailRoute(app: App, { reader, logger, closing }: Services, limits: TailLimits): void {
  let open = 0;
  const live = new LiveEntries(reader);
  app.route({
    method: 'GET',
    url: '/v1/events/stream',
    config: { needs: 'read', produces: [EVENT_STREAM_TYPE] },
    schema: {
      tags: ['ledger'],
      operationId: 'tailEvents',
      summary: 'The ledger as it grows',
      description: DESCRIPTION,
      headers: Type.Object({ 'last-event-id': LastEventId }),
      querystring: Type.Object({
        ...Type.Omit(FilterQuery, ['toIndex']).properties,
        ...Internal,
        format: Type.Optional(
          Type.Enum(['line', 'cloudevents'], { default: 'line', description: 'what `data` is' }),
        ),
      }),
      response: {
        ...problems(400),
        200: content(
          EVENT_STREAM_TYPE,
          itemsOf(Type.Union([EntryMessage, ProblemMessage])),
          'Messages, without end',
        ),
      },
    },
    handler: async (request, reply) => {
      const { parameters } = request;
      const filters = readFilters(parameters, {
        internal: readInternal(parameters),
        principal: principalOf(request),
      });
      const lineOf = FORMATS[choice(parameters, 'format', ['line', 'cloudevents']) ?? 'line'];
      const asked =
        seenBefore(request.headers['last-event-id']) ?? integer(parameters, 'fromIndex', { least: 0 });
      const { size } = await reader.head();
      if (asked !== null && asked > size) {
        throw refusal(
          'bad-request',
          filters.within === null
            ? `The ledger has ${size} entries: it never had one before index ${asked}.`
            : `The ledger never had an entry before index ${asked}.`,
        );
      }
      if (request.method === 'HEAD') return reply.headers(TAIL_HEADERS).send();
      if (open >= limits.most) {
        const detail = `This process serves ${limits.most} tails already (MAX_TAILS).`;
        throw refusal('busy', detail, { retryAfter: 5 });
      }
      open += 1;
      const ended = new AbortController();
      ended.signal.addEventListener('abort', () => (open -= 1));
      const shutOut = new AbortController();
      const asking = setInterval(() => {
        // what cannot be known now is asked again
        const letIn = app.stillLetsIn(request).catch(() => true);
        void letIn.then((is) => is || shutOut.abort());
      }, ASK_AGAIN_MS);
      ended.signal.addEventListener('abort', () => clearInterval(asking));
      const from = asked ?? size;
      const entries = followLedger({
        ...{ reader, live, filters, from: from as Index, silenceMs: HEARTBEAT_MS },
        signal: AbortSignal.any([closing, ended.signal, shutOut.signal]),
      });
      const stretches = until(shutOut.signal, entries);
      return sendTail(reply, {
        ...{ stretches, from, lineOf, patienceMs: limits.patienceMs, end: () => ended.abort() },
        logger: logger.child({ requestId: request.id }),
      });
    },
  });
}

/** How long a credential that was revoked, or has expired, may go on to be of use. */
const ASK_AGAIN_MS = 500;

/** @throws ProblemError `unauthorized` behind them, when the client may see no more */
async function* until(shutOut: AbortSignal, stretches: AsyncIterable<Stretch>): AsyncGenerator<Stretch> {
  for await (const stretch of stretches) {
    if (shutOut.aborted) break;
    yield stretch;
  }
  if (shutOut.aborted)
    throw refusal(
      'unauthorized',
      'The credentials that the tail was begun with have expired, or were revoked.',
    );
}

/** @returns the index after the one that the client has seen, null where it says none */
function seenBefore(header: string | string[] | undefined): number | null {
  if (header === undefined || header === '') return null;
  const last = typeof header === 'string' ? wholeNumber(header) : null;
  if (last === null) throw refusal('bad-request', 'Last-Event-ID must be the index of an entry.');
  return last + 1;
}
