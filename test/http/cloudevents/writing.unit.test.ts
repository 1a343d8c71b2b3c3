import { CloudEvent } from 'cloudevents';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { admit } from '../../../src/http/admission.js';
import { readStructured } from '../../../src/http/cloudevents/structured.js';
import { cloudEventJson, type Recorded } from '../../../src/http/cloudevents/writing.js';
import { parseEvent } from '../../../src/http/documents.js';
import { canonicalJson } from '../../../src/ledger/canonical-json.js';
import { eventIdFor } from '../../../src/ledger/identity.js';
import { encodeMetadata, type Metadata } from '../../../src/ledger/metadata.js';
import type { EventId, Instant, Json, Revision } from '../../../src/ledger/types.js';
import { EXAMPLES, meaningOf, type Event } from './examples.js';

const ID = '01920000-0000-7000-8000-000000000001' as EventId;

const METADATA: Metadata = {
  v: 1,
  recordedAt: '2026-11-20T10:00:01.250Z' as Instant,
  occurredAt: null,
  recordedBy: 'admin',
  actor: null,
  salt: '000102030405060708090a0b0c0d0e0f',
};

function recorded(change: Partial<Recorded> = {}, metadata: Partial<Metadata> = {}): Recorded {
  return {
    id: ID,
    source: 'billing',
    type: 'customer.billed',
    revision: 7 as Revision,
    data: Buffer.from('{"a":1}'),
    metadata: encodeMetadata({ ...METADATA, ...metadata }),
    ...change,
  };
}

/** What is answered, which the SDK takes as a valid event of its own accord. */
function written(event: Recorded, options?: { sequence?: boolean }): Event {
  const json = JSON.parse(cloudEventJson(event, options).toString()) as Event;
  expect(() => new CloudEvent(json)).not.toThrow();
  return json;
}

/** An event in structured mode, as the log has it. */
function inLog(event: Event): Recorded {
  const admitted = admit(parseEvent(Buffer.from(JSON.stringify(event))), null, 'admin', readStructured);
  if ('code' in admitted) throw new Error(admitted.detail);
  const { id, submission, data, metadata } = admitted;
  return { id, source: submission.source, type: submission.type, revision: 0 as Revision, data, metadata };
}

const arbitraryText = fc
  .string({
    unit: fc.constantFrom('a', 'B', '1', 'é', '😀', '"', '\\', '%', '~', '/', ':', ' ', '\u2028'),
    minLength: 1,
    maxLength: 20,
  })
  .filter((text) => text.trim() === text);

const arbitraryCore = fc.record(
  {
    id: fc.oneof(
      arbitraryText,
      fc.uuid(),
      fc.uuid().map((id) => id.toUpperCase()),
    ),
    source: fc.constantFrom('/s', '1-555', '#f', 'https://example.com/a%20b'),
    type: arbitraryText.filter((text) => !/^[~$]|^\.{1,2}$/.test(text)),
    time: fc.constantFrom(
      '2018-04-05T17:31:00Z',
      '2018-04-05t17:31:00.123456789+02:00',
      '1990-12-31T23:59:60Z',
    ),
    subject: arbitraryText,
    dataschema: fc.constantFrom('urn:a:b', 'http://example.com/schema#/a'),
    actor: arbitraryText,
    traceparent: arbitraryText,
  },
  { requiredKeys: ['id', 'source', 'type'] },
);

const arbitraryExtensions = fc.dictionary(
  fc.constantFrom('exta', 'extb', '0', 'constructor', 'sequence'),
  fc.oneof(arbitraryText, fc.boolean(), fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), fc.constant('')),
);

const arbitraryData = fc.oneof(
  fc.constant({}),
  fc.constant({ datacontenttype: 'text/plain' }),
  fc.record({ data: fc.jsonValue().map((value) => JSON.parse(canonicalJson(value as Json)) as Json) }),
  fc.record({ data: arbitraryText, datacontenttype: fc.constantFrom('text/plain', 'application/xml') }),
  fc.record(
    {
      data_base64: fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('base64')),
      datacontenttype: fc.constantFrom('image/png', 'application/json'),
    },
    { requiredKeys: ['data_base64'] },
  ),
);

const arbitraryEvent: fc.Arbitrary<Event> = fc
  .tuple(arbitraryCore, arbitraryExtensions, arbitraryData)
  .map(([core, extensions, data]) => ({ specversion: '1.0', ...core, ...extensions, ...data }));

describe('what came as a CloudEvent', () => {
  it.each(EXAMPLES)('comes out unchanged in meaning: $name', ({ event }) => {
    expect(written(inLog(event))).toEqual(meaningOf(event));
  });

  it('comes out as it went in', () => {
    fc.assert(
      fc.property(arbitraryEvent, (event) => {
        const json = JSON.parse(cloudEventJson(inLog(event)).toString()) as Event;
        expect(json).toEqual(event);
      }),
    );
  });

  it('brings its own sequence, or is given its revision', () => {
    const plain = { specversion: '1.0', id: '1', source: '/s', type: 't' };
    const at = (event: Event, revision: number): Event =>
      written({ ...inLog(event), revision: revision as Revision }, { sequence: true });
    const sequences = [0, 9, 10, Number.MAX_SAFE_INTEGER].map(
      (revision) => at(plain, revision).sequence as string,
    );
    expect(sequences[1]).toBe('0000000000000009');
    expect(sequences.map(Number)).toEqual([0, 9, 10, Number.MAX_SAFE_INTEGER]);
    expect([...sequences].sort()).toEqual(sequences);
    expect(at({ ...plain, sequence: 'a' }, 1)).toEqual({ ...plain, sequence: 'a' });
    expect(at({ ...plain, sequencetype: 'x' }, 1)).toEqual({ ...plain, sequencetype: 'x' });
  });
});

describe('what did not come as a CloudEvent', () => {
  it('is a valid one', () => {
    const event = recorded(
      {},
      {
        timestamp: '2026-11-20T11:00:00+01:00',
        occurredAt: '2026-11-20T10:00:00.000Z' as Instant,
        actor: 'ada',
        subject: 'c-1',
        context: {},
      },
    );
    expect(written(event)).toEqual({
      specversion: '1.0',
      id: ID,
      source: 'billing',
      type: 'customer.billed',
      time: '2026-11-20T11:00:00+01:00',
      subject: 'c-1',
      datacontenttype: 'application/json',
      actor: 'ada',
      data: { a: 1 },
    });
  });

  it('has the id that was sent, where it is the id of this event', () => {
    const id = eventIdFor('billing', 'order 17');
    expect(written(recorded({ id }, { id: 'order 17' })).id).toBe('order 17');
    expect(written(recorded({}, { id: 'order 17' })).id).toBe(ID);
  });

  it('has a source that is a URI-reference, another for every source', () => {
    const sourceOf = (source: string): Json | undefined => written(recorded({ source })).source;
    expect(sourceOf('order service')).toBe('~order%20service');
    expect(sourceOf('order%20service')).toBe('order%20service');
    expect(sourceOf('Büro')).toBe('~B%C3%BCro');
    expect(sourceOf(`~sha256:${'0'.repeat(64)}`)).toBe(`~~sha256%3A${'0'.repeat(64)}`);
  });

  it.each([
    [
      'JSON of another form',
      ' { "b": 1.0,\n"a": 2 } ',
      { datacontenttype: 'application/json', data: { a: 2, b: 1 } },
    ],
    ['no I-JSON', '{"a":1,"a":2}', { data_base64: 'eyJhIjoxLCJhIjoyfQ==' }],
    ['no JSON', 'abc', { data_base64: 'YWJj' }],
    ['no bytes', '', {}],
  ])('is %s', (_what, bytes, members) => {
    const foreign = recorded({ data: Buffer.from(bytes), metadata: Buffer.from('{}') });
    expect(written(foreign)).toEqual({
      specversion: '1.0',
      id: ID,
      source: 'billing',
      type: 'customer.billed',
      ...members,
    });
  });

  it('leaves out what CloudEvents cannot say', () => {
    const odd = {
      timestamp: 'yesterday',
      subject: 'a\nb',
      actor: 'a\tb',
      trace: { traceparent: '\u0001', other: 'x' },
    };
    expect(written(recorded({}, odd))).toEqual({
      ...{ specversion: '1.0', id: ID, source: 'billing', type: 'customer.billed' },
      ...{ datacontenttype: 'application/json', data: { a: 1 } },
    });
    const occurredAt = '2026-11-20T10:00:00.000Z' as Instant;
    expect(written(recorded({}, { ...odd, occurredAt })).time).toBe(occurredAt);
  });

  it.each<readonly [string, Readonly<Record<string, Json>>]>([
    ['another version', { specversion: '0.3' }],
    ['no version', {}],
    ['a name that is none', { specversion: '1.0', 'bad-name': 'x' }],
    ['a value that is none', { specversion: '1.0', ext: [1] }],
    ['an attribute that has another place', { specversion: '1.0', source: '/other' }],
    ['the id of another event', { specversion: '1.0', id: 'x' }],
    ['no form of data', { specversion: '1.0', data: true }],
    ['Base64 that is none', { specversion: '1.0', data: 'base64' }],
    ['absent data that are there', { specversion: '1.0', data: 'absent' }],
    ['a text that is none', { specversion: '1.0', datacontenttype: 'text/plain' }],
  ])('is everything whose marks have %s', (_what, cloudevent) => {
    expect(written(recorded({}, { cloudevent }))).toEqual(written(recorded()));
  });

  it('is a valid CloudEvent in one line, whatever was written into the log', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array)),
      fc.json().map((json) => Buffer.from(json)),
    );
    const text = fc.string({
      unit: fc.constantFrom('a', 'é', '😀', '"', '\\', '%', '~', '/', ':', ' ', '\u0001', '\n', '\u0085'),
      minLength: 1,
      maxLength: 20,
    });
    const marks = fc.dictionary(
      fc.oneof(
        fc.constantFrom('data', 'datacontenttype', 'dataschema', 'id', 'ext', 'sequence'),
        text,
        fc.constant('constructor'),
      ),
      fc.oneof(fc.constantFrom<Json>('absent', 'base64', 'text/plain', null, 5, true, [], {}), text),
    );
    const metadata = fc
      .record(
        {
          id: text,
          timestamp: text,
          subject: text,
          actor: text,
          trace: fc.record({ traceparent: text, tracestate: text }),
          cloudevent: marks,
        },
        { requiredKeys: [] },
      )
      .map(({ cloudevent, ...rest }) =>
        encodeMetadata({
          ...METADATA,
          ...rest,
          ...(cloudevent === undefined ? {} : { cloudevent: { specversion: '1.0', ...cloudevent } }),
        }),
      );
    fc.assert(
      fc.property(bytes, fc.oneof(bytes, metadata), text, (data, meta, source) => {
        const event = recorded({ data, metadata: meta, source });
        expect(cloudEventJson(event).toString()).not.toMatch(/[\r\n]/);
        written(event, { sequence: true });
      }),
      { numRuns: 300 },
    );
  });
});
