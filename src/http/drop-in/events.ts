/** POST /events: events of two contracts, told apart by their members. */
import { pointerOf } from '../../ledger/json-pointer.js';
import type { Json } from '../../ledger/types.js';
import { locationOf } from '../answers.js';
import { JSON_TYPE, parseEvent } from '../documents.js';
import { MAX_EVENT_BYTES } from '../limits.js';
import { isObject } from '../../ledger/json-object.js';
import { invalidEvent, readEnvelope } from '../envelope.js';
import { principalOf } from '../guard.js';
import { Type } from '../json-schema.js';
import type { Problem } from '../problem.js';
import type { App, Services } from '../services.js';
import { content, withHeaders } from '../answer-shapes.js';
import { SubmittedEvent } from '../recording-shapes.js';
import { closed, EventIdText } from '../shape-parts.js';
import { TAKEN } from '../status.js';
import { submitOne } from '../submitting.js';
import { readerOf } from './contract.js';
import { REFUSALS, TAKES_ONE } from './reporting-shapes.js';
import { RecordedId, TypedEvent } from './shapes.js';
import { TYPED } from './typed.js';

const DESCRIPTION = `With \`source\`, \`type\` and \`payload\` (the plain contract) the answer is 202; with \`event_type\`,
\`user_identity\` and \`event_data\` it is 201. Members of both, or of neither, are refused. ${TAKES_ONE}`;

export function postEvents(app: App, { door }: Services): void {
  app.route({
    method: 'POST',
    url: '/events',
    config: { needs: 'write' },
    bodyLimit: MAX_EVENT_BYTES,
    schema: {
      tags: ['drop-in'],
      operationId: 'recordPlainEvent',
      summary: 'Report one event',
      description: DESCRIPTION,
      body: { content: { [JSON_TYPE]: { schema: Type.Union([SubmittedEvent, TypedEvent]) } } },
      response: {
        ...REFUSALS,
        201: withHeaders(content(JSON_TYPE, RecordedId, 'Recorded: an event with `event_type`'), {
          Location: 'where the event can be read at once',
        }),
        202: closed(
          { status: Type.Literal('queued'), eventId: EventIdText },
          'Recorded: an event with `type`',
        ),
      },
    },
    handler: async (request, reply) => {
      const document = parseEvent(request.body as Buffer);
      const form = formOf(document.value);
      const item = typeof form === 'string' ? document : ({ ok: false, problem: form } as const);
      const source = principalOf(request).name;
      const read = form === 'typed' ? readerOf(TYPED, { source }) : readEnvelope;
      const taken = await submitOne(door, request, { item, read });
      const { eventId } = taken;
      return form === 'typed'
        ? await reply.code(TAKEN.typedEvent).header('location', locationOf(taken)).send({ id: eventId })
        : await reply.code(TAKEN.plainEvent).send({ status: 'queued', eventId });
    },
  });
}

const ONLY_PLAIN = ['source', 'type', 'payload', 'actor'];
const ONLY_TYPED = ['event_type', 'user_identity', 'event_data'];

function formOf(body: Json): 'plain' | 'typed' | Problem {
  // what is no object is refused in whatever form
  if (!isObject(body)) return 'plain';
  const has = (name: string): boolean => Object.hasOwn(body, name);
  const [plain, typed] = [ONLY_PLAIN.filter(has), ONLY_TYPED.filter(has)];
  if (plain.length === 0 && typed.length === 0) {
    const detail = 'must have source, type and payload, or event_type, user_identity and event_data';
    return invalidEvent([{ pointer: '', keyword: 'contract', detail }]);
  }
  if (plain.length === 0 || typed.length === 0) return typed.length === 0 ? 'plain' : 'typed';
  const [few, [most = '']] = plain.length > typed.length ? [typed, plain] : [plain, typed];
  const detail = `does not go with /${most}`;
  return invalidEvent(few.map((name) => ({ pointer: pointerOf([name]), keyword: 'contract', detail })));
}
