/** The shapes of requests and answers, as JSON Schema: what /openapi.json says, and what the tests hold us to. */
import type { TProperties, TSchema } from 'typebox';
import { EXPORT_FORMAT } from '../ledger/manifest.js';
import { NDJSON_TYPE } from './documents.js';
import { Type } from './json-schema.js';
import { PROBLEM_TYPE } from './problem.js';
import { PROJECTOR_STATES } from './projector-view.js';
import { PROBLEMS } from './status.js';
import { ijson, name, text } from './text-shapes.js';

export { FilterQuery, Internal, PageQuery } from './parameter-shapes.js';

/** An object without further members. */
export const closed = <Properties extends TProperties>(properties: Properties, description?: string) =>
  Type.Object(properties, {
    additionalProperties: false,
    ...(description === undefined ? {} : { description }),
  });

/** A shape that is written once in /openapi.json, under this name, and referred to. */
export const named = <Schema extends TSchema>(title: string, schema: Schema): Schema => ({
  ...schema,
  title,
});

export const orNull = <Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);

const count = (description?: string) =>
  Type.Integer({ minimum: 0, ...(description === undefined ? {} : { description }) });

export const HashText = Type.String({ pattern: '^[0-9a-f]{64}$', description: 'SHA-256 in hex' });
export const InstantText = Type.String({
  pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$',
  description: 'UTC with milliseconds',
});
export const EventIdText = Type.String({ pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' });
export const Revision = count("0-based place in the source's stream");
export const IndexNumber = count('0-based place in the ledger');
const anyJson = (description: string) => Type.Unknown({ description });

export const SubmittedEvent = named(
  'Event',
  closed({
    id: Type.Optional(
      text('the identity within the source: sent again it is the same event; a UUID or any other text'),
    ),
    source: name("who reports; what begins with _ is the ledger's own"),
    type: name('what happened'),
    payload: ijson('any JSON value; at most 256 KiB in canonical form and 64 levels'),
    timestamp: Type.Optional(
      Type.String({ format: 'date-time', description: 'when it happened: RFC 3339 with an offset' }),
    ),
    actor: Type.Optional(text('who did it, as the producer says')),
    subject: Type.Optional(text('what it is about')),
    context: Type.Optional(ijson('whatever describes the attempt; at most 32 levels')),
  }),
);

const place = { keyword: Type.String(), detail: Type.String() };
const Mistake = named(
  'Mistake',
  Type.Union([
    closed({ pointer: Type.String({ description: 'JSON Pointer into the body' }), ...place }),
    closed({ parameter: Type.String(), ...place }),
    closed({ header: Type.String({ description: 'name of a header field' }), ...place }),
  ]),
);

const Lag = named(
  'Lag',
  closed({
    events: orNull(count('events that the ledger does not have yet; null where the log cannot tell')),
    seconds: orNull(Type.Number({ minimum: 0 })),
  }),
);

const taken = { eventId: EventIdText, source: Type.String(), revision: Revision };

const problemMembers = {
  type: Type.String({ pattern: '^urn:event-ledger:problem:', description: 'a URN made of the code' }),
  title: Type.String({ description: 'what the code says' }),
  status: Type.Integer({ minimum: 400, maximum: 599 }),
  detail: Type.String({ description: 'what was wrong this time, where, and what to do' }),
  code: Type.Enum(Object.keys(PROBLEMS)),
  requestId: Type.String({ description: "the request's name in the server's own logs" }),
  errors: Type.Optional(Type.Array(Mistake, { description: 'the places that are wrong' })),
};

/** Its further members are named, and there may come to be others (RFC 9457, 3.2). */
export const ProblemShape = named(
  'Problem',
  Type.Object(
    {
      ...problemMembers,
      lag: Type.Optional(Lag),
      sources: Type.Optional(Type.Array(Type.String(), { description: 'of ambiguous-id: which share it' })),
      eventId: Type.Optional(EventIdText),
      source: Type.Optional(Type.String({ description: 'of conflict: whose event is recorded' })),
      revision: Type.Optional(Revision),
    },
    { description: 'RFC 9457. `lag`, of not-found: how far the ledger is behind the log' },
  ),
);

export const Queued = named('Queued', closed({ status: Type.Literal('queued'), ...taken }));
export const Recorded = named(
  'Recorded',
  closed({
    status: Type.Literal('recorded'),
    ...taken,
    index: IndexNumber,
    hash: HashText,
    verdict: Type.Enum(['accepted', 'rejected', 'duplicate']),
  }),
);

const results = Type.Array(
  named(
    'Result',
    Type.Union([
      closed({ status: Type.Enum([200, 202]), ...taken }),
      closed({ status: Type.Integer({ minimum: 400, maximum: 599 }), problem: ProblemShape }),
    ]),
  ),
  { description: 'one for each event, in order' },
);
export const BatchAnswer = named('Results', closed({ results }));

/** None of a batch was taken. */
const BatchProblem = named('BatchProblem', Type.Object({ ...problemMembers, results }));

export const HeaderShape = named(
  'EntryHeader',
  closed({
    v: Type.Literal(1),
    index: IndexNumber,
    id: EventIdText,
    source: Type.String(),
    type: Type.String(),
    revision: Revision,
    schema: orNull(HashText),
    verdict: Type.Enum(['accepted', 'rejected', 'duplicate']),
    occurredAt: orNull(InstantText),
    recordedAt: InstantText,
    recordedBy: orNull(Type.String()),
    actor: orNull(Type.String()),
    content: HashText,
    previous: HashText,
    previousInSource: orNull(HashText),
  }),
);

const base64 = (what: string) =>
  Type.Optional(Type.String({ description: `the recorded ${what}, where they are not canonical I-JSON` }));

export const Line = named(
  'Line',
  closed({
    entry: HeaderShape,
    hash: HashText,
    metadata: Type.Optional(anyJson('the recorded metadata')),
    metadataBase64: base64('bytes of the metadata'),
    payload: Type.Optional(anyJson('the recorded payload')),
    payloadBase64: base64('bytes of the payload'),
    withheld: Type.Optional(Type.Literal(true)),
  }),
);

export const ManifestLine = closed(
  {
    manifest: closed({
      format: Type.Literal(EXPORT_FORMAT),
      ledger: Type.String({ description: 'the origin' }),
      filters: Type.Record(Type.String(), Type.Array(Type.String()), {
        description: 'each query parameter with its values as sent',
      }),
      count: count('lines before this one'),
      fromIndex: count(),
      toIndex: count(),
      head: closed({ size: count(), hash: HashText }),
      sha256: HashText,
    }),
  },
  'the last line',
);

export const StreamEvent = named(
  'StreamEvent',
  closed({
    revision: Revision,
    id: EventIdText,
    source: Type.String(),
    type: Type.String(),
    recordedAt: InstantText,
    payload: Type.Optional(anyJson('the recorded payload')),
    payloadBase64: base64('bytes of the payload'),
    metadata: Type.Optional(anyJson('the recorded metadata')),
    metadataBase64: base64('bytes of the metadata'),
  }),
);

const FindingShape = named(
  'Finding',
  closed({
    code: Type.String(),
    index: orNull(Type.Integer()),
    id: orNull(Type.String()),
    source: orNull(Type.String()),
    expected: orNull(Type.String()),
    found: orNull(Type.String()),
    store: Type.Optional(
      Type.Enum(['ledger', 'log'], { description: 'the store that was changed, where that can be known' }),
    ),
    detail: Type.Optional(Type.String()),
  }),
);

const reportMembers = {
  intact: Type.Boolean({ description: 'everything in range was read and nothing was found' }),
  mode: Type.Enum(['full', 'deep']),
  range: closed({ fromIndex: count(), toIndex: count() }),
  source: Type.Optional(Type.String({ description: 'the one that it was restricted to' })),
  checked: count('entries that were read and recomputed'),
  size: count(),
  head: Type.String({ description: 'the hash that the entries give, empty where they give none' }),
  findingsTotal: count(),
  notChecked: Type.Optional(
    Type.Array(Type.String(), { description: 'what was asked for and could not be checked' }),
  ),
  startedAt: InstantText,
  durationMs: count(),
};

export const Report = named(
  'VerificationReport',
  closed({ ...reportMembers, findings: Type.Array(FindingShape, { maxItems: 1000 }) }),
);

export const ProjectorState = Type.Enum([...PROJECTOR_STATES]);

export const HealthShape = named(
  'Health',
  Type.Object(
    {
      status: Type.Enum(['ok', 'degraded', 'down']),
      lag: Type.Optional(Lag),
      head: Type.Optional(orNull(closed({ size: count(), hash: HashText }))),
      alarms: Type.Optional(
        Type.Array(
          closed({
            code: Type.String(),
            source: orNull(Type.String()),
            since: InstantText,
            detail: Type.String(),
          }),
        ),
      ),
      lastVerification: Type.Optional(
        orNull(named('VerificationSummary', closed(reportMembers, 'a report without its findings'))),
      ),
      projector: Type.Optional(
        closed({ state: ProjectorState, detail: orNull(Type.String()) }, 'where one runs in the process'),
      ),
    },
    { additionalProperties: false, description: 'without credentials the status alone' },
  ),
);

export const HeadShape = named(
  'Head',
  closed({
    size: count('number of entries'),
    hash: HashText,
    recordedAt: orNull(InstantText),
  }),
);

export const SourceShape = named(
  'Source',
  closed({
    source: Type.String(),
    count: count('number of entries'),
    lastRevision: Revision,
    firstRecordedAt: InstantText,
    lastRecordedAt: InstantText,
  }),
);

export const SchemaShape = named(
  'JsonSchema',
  Type.Union([Type.Object({}, { additionalProperties: true }), Type.Boolean()], {
    description: 'a JSON Schema (2020-12)',
  }),
);

/** A body in another form than JSON. */
export const content = (type: string, schema: TSchema, description: string) => ({
  description,
  content: { [type]: { schema } },
});

/** Header fields by name, and what they say. */
export type HeaderDescriptions = Readonly<Record<string, string>>;

/** An answer that comes with header fields. */
export const withHeaders = <Answer extends object>(answer: Answer, headers: HeaderDescriptions) => ({
  ...answer,
  headers: {
    ...('headers' in answer ? (answer.headers as object) : {}),
    ...Object.fromEntries(
      Object.entries(headers).map(([name, description]) => [name, { type: 'string', description }]),
    ),
  },
});

/**
 * A body that is many values, one after the other: lines, or messages. OpenAPI 3.1 has only text for it; what each value
 * is stands under the name that 3.2 has for that.
 */
export const itemsOf = (schema: TSchema) => Type.String({ 'x-itemSchema': schema });

export const lines = (schema: TSchema, description: string) =>
  content(NDJSON_TYPE, itemsOf(schema), description);

/** The answers to a batch of which nothing was taken, beside the problems that its status has for others. */
export const batchProblems = (...statuses: readonly number[]) =>
  Object.fromEntries(
    statuses.map((status) => [
      status,
      content(
        PROBLEM_TYPE,
        Type.Union([ProblemShape, BatchProblem]),
        `Problem: ${codesOf(status)}; with \`results\` where none of a batch was taken`,
      ),
    ]),
  );

/** Problems as bodies of answers. */
export const PROBLEM_CONTENT = { [PROBLEM_TYPE]: { schema: ProblemShape } };

/** An answer of a status that problems have, too. */
export const orProblem = (answer: ReturnType<typeof content>): ReturnType<typeof content> => ({
  ...answer,
  content: { ...answer.content, ...PROBLEM_CONTENT },
});

/** The problems that a route answers with, besides those that every route has. */
export function problems(...statuses: readonly number[]): Record<number, object> {
  return openProblems(401, ...statuses);
}

/** The problems of a route that asks for no credentials, besides those that every such route has. */
export function openProblems(...statuses: readonly number[]): Record<number, object> {
  return Object.fromEntries([...statuses, ...EVERYWHERE].map((status) => [status, statusProblem(status)]));
}

/** The problem of a status, with the codes that it has. */
export const statusProblem = (status: number) =>
  content(PROBLEM_TYPE, ProblemShape, `Problem: ${codesOf(status)}`);

function codesOf(status: number): string {
  return Object.entries(PROBLEMS)
    .filter(([, [candidate]]) => candidate === status)
    .map(([code]) => code)
    .join(', ');
}

const EVERYWHERE = [400, 406, 500, 503];
