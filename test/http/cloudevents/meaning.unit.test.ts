import { describe, expect, it } from 'vitest';
import { admit, type Admitted } from '../../../src/http/admission.js';
import { parseBinary } from '../../../src/http/cloudevents/binary.js';
import { readStructured } from '../../../src/http/cloudevents/structured.js';
import { parseEvent } from '../../../src/http/documents.js';
import { isReplay } from '../../../src/http/replay.js';
import { decodeMetadata, encodeMetadata } from '../../../src/ledger/metadata.js';
import type { Json } from '../../../src/ledger/types.js';
import { EXAMPLES, fieldsOf, type Event } from './examples.js';

const MINIMAL = { specversion: '1.0', id: '1', source: '/s', type: 't' };

function sound(admitted: ReturnType<typeof admit>): Admitted {
  if ('code' in admitted) throw new Error(admitted.detail);
  return admitted;
}

const structured = (event: Event): Admitted =>
  sound(
    admit(parseEvent(Buffer.from(JSON.stringify({ ...MINIMAL, ...event }))), null, 'admin', readStructured),
  );

function binary(event: Event, body: string | Buffer = ''): Admitted {
  const { document, read } = parseBinary(
    Object.entries(fieldsOf({ ...MINIMAL, ...event })).flat(),
    Buffer.from(body as string),
  );
  return sound(admit(document, null, 'admin', read));
}

const inLog = ({ submission, data, metadata }: Admitted) => ({ type: submission.type, data, metadata });

const same = (one: Admitted, other: Admitted): boolean => {
  const is = isReplay(one, inLog(other));
  expect(isReplay(other, inLog(one))).toBe(is);
  return is;
};

describe('a CloudEvent that is sent again', () => {
  it.each(EXAMPLES.filter(({ body }) => body !== undefined))(
    'in another mode is the same event: $name',
    ({ event, body = '' }) => {
      const typed = { datacontenttype: 'application/json', ...event };
      expect(same(structured(event), binary(typed, body))).toBe(true);
    },
  );

  const pairs: readonly (readonly [string, Event, Event])[] = [
    [
      'a content type that is implied',
      { data: 1 },
      { data: 1, datacontenttype: 'Application/JSON; charset=UTF-8' },
    ],
    ['an attribute that is not set', {}, { ext: null, subject: null }],
    ['an integer', { ext: 5 }, { ext: '5' }],
    ['a boolean', { ext: true }, { ext: 'true' }],
    [
      'Base64 of a text',
      { data: 'é', datacontenttype: 'text/plain' },
      { data_base64: 'w6k=', datacontenttype: 'text/plain' },
    ],
    ['Base64 of JSON', { data: { a: 1 } }, { data_base64: 'eyAiYSI6IDEuMCB9' }],
    ['an empty text', { datacontenttype: 'text/plain' }, { data: '', datacontenttype: 'text/plain' }],
    ['its trace', { traceparent: 'a' }, { traceparent: 'b', tracestate: 'c' }],
    [
      'another offset of the same time',
      { time: '2018-04-05T17:31:00Z' },
      { time: '2018-04-05T19:31:00+02:00' },
    ],
    [
      'a parameter with a name in capitals',
      { datacontenttype: 'a/b; C=d', data: 'x' },
      { datacontenttype: 'a/b;c="d"', data: 'x' },
    ],
  ];
  it.each(pairs)('may differ in %s', (_what, one, other) => {
    expect(same(structured(one), structured(other))).toBe(true);
  });

  const others: readonly (readonly [string, Event, Event])[] = [
    ['its data', { data: 1 }, { data: 2 }],
    ['null and nothing', { data: null }, {}],
    ['a text of JSON and JSON', { data: '1' }, { data: 1 }],
    ['an extension', { ext: 5 }, { ext: 6 }],
    ['an extension that is missing', { ext: '' }, {}],
    ['the place of a value', { exta: 'x', extb: 'y' }, { exta: 'y', extb: 'x' }],
    [
      'the content type',
      { data: 'x', datacontenttype: 'text/plain' },
      { data: 'x', datacontenttype: 'text/csv' },
    ],
    [
      'a parameter',
      { data: 'x', datacontenttype: 'text/plain;a=b' },
      { data: 'x', datacontenttype: 'text/plain;a=B' },
    ],
    ['the schema', { dataschema: 'http://a' }, { dataschema: 'http://b' }],
    [
      'bytes',
      { data_base64: 'AAE=', datacontenttype: 'image/png' },
      { data_base64: 'AAI=', datacontenttype: 'image/png' },
    ],
    [
      'the text that its Base64 is',
      { data: 'AAE=', datacontenttype: 'text/plain' },
      { data_base64: 'AAE=', datacontenttype: 'text/plain' },
    ],
    ['its actor', { actor: 'a' }, { actor: 'b' }],
    ['its subject', { subject: 'a' }, {}],
    ['its time', { time: '2018-04-05T17:31:00Z' }, {}],
  ];
  it.each(others)('does not differ in %s', (_what, one, other) => {
    expect(same(structured(one), structured(other))).toBe(false);
  });

  it('may have its id in capitals', () => {
    const id = '3D0C7F0E-7A44-4F0E-9F54-0D9F8F1F2A63';
    expect(same(structured({ id }), structured({ id: id.toLowerCase() }))).toBe(true);
  });

  it('is not the event of our own form that it resembles', () => {
    const own = sound(
      admit({ ok: true, value: { source: '/s', type: 't', id: '1', payload: 1 } }, null, 'admin'),
    );
    expect(same(own, structured({ data: 1 }))).toBe(false);
  });

  it('is not what another program marked in its own way', () => {
    const event = structured({ data: 1 });
    const known = decodeMetadata(event.metadata);
    if (known === null) throw new Error('the door wrote foreign metadata');
    const marked = (cloudevent: Readonly<Record<string, Json>>) => ({
      ...inLog(event),
      metadata: encodeMetadata({ ...known, cloudevent }),
    });
    expect(isReplay(event, marked({ specversion: '1.0' }))).toBe(true);
    expect(isReplay(event, marked({ specversion: '2.0' }))).toBe(false);
    expect(isReplay(event, { ...marked({ specversion: '1.0' }), data: Buffer.from('{') })).toBe(false);
  });
});
