/** The shapes of these contracts' requests and answers, as JSON Schema. */
import { Type } from '../json-schema.js';
import { SubmittedEvent } from '../recording-shapes.js';
import { closed, EventIdText, InstantText, named, orNull } from '../shape-parts.js';
import { ijson, text } from '../text-shapes.js';

const { id, timestamp, context, type, payload, source, subject } = SubmittedEvent.properties;

const Actor = Type.Union([text('as it is'), Type.Number(), Type.Object({})], {
  description:
    'who did it; a number or an object is recorded as its canonical JSON text, of at most 512 bytes',
});
const BESIDE = { id, timestamp, context };

const recorded = {
  timestamp: orNull(Type.String({ description: 'as it was sent' })),
  receivedAt: InstantText,
};

export const PlainEvent = named(
  'PlainEvent',
  closed({
    eventId: EventIdText,
    source: Type.String(),
    type: Type.String(),
    payload: Type.Unknown(),
    ...recorded,
  }),
);

export const TypedEvent = named(
  'TypedEvent',
  closed({
    event_type: type,
    user_identity: Actor,
    event_data: payload,
    ...BESIDE,
    subject,
  }),
);

export const RecordedTypedEvent = named(
  'RecordedTypedEvent',
  closed({
    id: EventIdText,
    event_type: Type.String(),
    user_identity: orNull(Type.String()),
    event_data: Type.Unknown(),
    source: Type.String(),
    ...recorded,
  }),
);

export const Action = named(
  'Action',
  closed({
    userId: Actor,
    action: type,
    metadata: Type.Optional(payload),
    traceId: Type.Optional(orNull(text('what it belongs to; made where it is null or not given'))),
    ...BESIDE,
  }),
);

export const ActionTaken = named(
  'ActionTaken',
  closed({
    status: Type.Literal('Logged'),
    traceId: Type.String(),
    message: Type.Literal('Event queued successfully'),
    eventId: EventIdText,
  }),
);

export const RecordedAction = named(
  'RecordedAction',
  closed({
    eventId: EventIdText,
    traceId: orNull(Type.String()),
    userId: orNull(Type.String()),
    action: Type.String(),
    metadata: Type.Unknown(),
    source: Type.String(),
    ...recorded,
  }),
);

/** Four questions, each under either of two names. */
const QUESTIONS = {
  who: Type.Optional(Actor),
  actor: Type.Optional(Actor),
  what: Type.Optional(type),
  type: Type.Optional(type),
  when: timestamp,
  timestamp,
  where: Type.Optional(source),
  source: Type.Optional(source),
};

const has = (...names: readonly string[]) => ({
  required: names,
  properties: Object.fromEntries(names.map((one) => [one, {}])),
});

export const SubmittedLog = named(
  'Log',
  Type.Object(
    { ...QUESTIONS, payload: Type.Optional(payload), id },
    {
      additionalProperties: ijson('part of the payload'),
      allOf: [
        { oneOf: [has('who'), has('actor')] },
        { oneOf: [has('what'), has('type')] },
        { not: has('when', 'timestamp') },
        { not: has('where', 'source') },
      ],
      if: has('payload'),
      then: { propertyNames: { enum: [...Object.keys(QUESTIONS), 'payload', 'id'] } },
      description:
        'each question once, under one of its names; other members are the payload, unless `payload` is',
    },
  ),
);

export const RecordedLog = named(
  'RecordedLog',
  closed({
    id: EventIdText,
    who: orNull(Type.String()),
    what: Type.String(),
    when: recorded.timestamp,
    where: Type.String(),
    actor: orNull(Type.String()),
    type: Type.String(),
    timestamp: recorded.timestamp,
    source: Type.String(),
    payload: Type.Unknown(),
    receivedAt: InstantText,
  }),
);

/** An event that is recorded, by its id. */
export const RecordedId = named('RecordedId', closed({ id: EventIdText }));
