/** What is read: entries, streams, reports and the server's state, as JSON Schema. */
import { EXPORT_FORMAT } from '../ledger/manifest.js';
import { Type } from './json-schema.js';
import { Lag } from './problem-shapes.js';
import { PROJECTOR_STATES } from './projector-view.js';
import {
  anyJson,
  closed,
  count,
  EventIdText,
  HashText,
  IndexNumber,
  InstantText,
  named,
  orNull,
  Revision,
} from './shape-parts.js';

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
