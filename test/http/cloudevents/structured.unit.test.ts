import { describe, expect, it } from 'vitest';
import { admit, type Admitted } from '../../../src/http/admission.js';
import { readStructured } from '../../../src/http/cloudevents/structured.js';
import { parseArray, parseEvent } from '../../../src/http/documents.js';
import type { Problem } from '../../../src/http/problem.js';
import { decodeMetadata } from '../../../src/ledger/metadata.js';
import { EXAMPLES, type Event } from './examples.js';

const MINIMAL = { specversion: '1.0', id: '1', source: '/s', type: 't' };

const take = (event: unknown): Admitted | Problem =>
  admit(parseEvent(Buffer.from(JSON.stringify(event))), null, 'admin', readStructured);

function taken(event: unknown): Admitted {
  const admitted = take(event);
  if ('code' in admitted) throw new Error(admitted.detail);
  return admitted;
}

const placesOf = (answer: Admitted | Problem): readonly unknown[] =>
  'code' in answer
    ? (answer.errors ?? []).map(({ keyword, ...place }) => [place, keyword].flat())
    : ['taken'];

describe('a CloudEvent in structured mode', () => {
  it('is recorded as the event that it is, and what has no other place stands in its marks', () => {
    const { submission, data, metadata } = taken({
      ...MINIMAL,
      id: 'order 1',
      time: '2018-04-05T17:31:00.123456+02:00',
      subject: 'larger-context',
      datacontenttype: 'application/json',
      dataschema: 'http://example.com/schema#',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      tracestate: 'a=b',
      actor: 'ada',
      extinteger: -5,
      extboolean: false,
      extstring: '',
      data: { b: 1.5, a: ['é'] },
    });
    expect(submission).toMatchObject({ source: '/s', type: 't', id: 'order 1' });
    expect(data.toString()).toBe('{"a":["é"],"b":1.5}');
    expect(decodeMetadata(metadata)).toMatchObject({
      id: 'order 1',
      occurredAt: '2018-04-05T15:31:00.123Z',
      timestamp: '2018-04-05T17:31:00.123456+02:00',
      subject: 'larger-context',
      actor: 'ada',
      trace: {
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        tracestate: 'a=b',
      },
      cloudevent: {
        specversion: '1.0',
        datacontenttype: 'application/json',
        dataschema: 'http://example.com/schema#',
        extinteger: -5,
        extboolean: false,
        extstring: '',
      },
    });
  });

  it.each([
    ['a JSON value', { data: [1] }, '[1]', undefined],
    ['null', { data: null }, 'null', undefined],
    ['a text of another type', { data: '<a/>', datacontenttype: 'text/xml' }, '"<a/>"', undefined],
    ['bytes', { data_base64: 'AAE=' }, '"AAE="', 'base64'],
    ['no bytes', { data_base64: '' }, '""', 'base64'],
    ['nothing', {}, 'null', 'absent'],
    ['nothing, said with null', { data_base64: null, datacontenttype: null }, 'null', 'absent'],
  ])('with %s for its data', (_what, members, payload, mark) => {
    const { data, metadata } = taken({ ...MINIMAL, ...members });
    expect(data.toString()).toBe(payload);
    expect(decodeMetadata(metadata)?.cloudevent?.data).toBe(mark);
  });

  it.each(EXAMPLES)('is each of the specification: $name', ({ event }) => {
    expect(take(event)).not.toHaveProperty('code');
  });

  const wrong: readonly (readonly [string, Event, string, string])[] = [
    ['an old version', { specversion: '0.3' }, '/specversion', 'enum'],
    ['a version that is no text', { specversion: 1 }, '/specversion', 'type'],
    ['no version', { specversion: null }, '/specversion', 'required'],
    ['no id', { id: null }, '/id', 'required'],
    ['an empty id', { id: '' }, '/id', 'text'],
    ['an id that is no text', { id: 25 }, '/id', 'type'],
    ['an empty source', { source: '' }, '/source', 'uri-reference'],
    ['a source that is no URI-reference', { source: 'order service' }, '/source', 'uri-reference'],
    ['a source that the log keeps for itself', { source: '$all' }, '/source', 'uri-reference'],
    ['an empty type', { type: '' }, '/type', 'name'],
    ['an empty subject', { subject: '' }, '/subject', 'text'],
    ['a long subject', { subject: 'x'.repeat(513) }, '/subject', 'text'],
    ['a time of garbage', { time: 'lunchtime' }, '/time', 'date-time'],
    ['a time to the minute', { time: '2018-04-05T18:31Z' }, '/time', 'date-time'],
    ['a time without an offset', { time: '2018-04-05T18:31:00' }, '/time', 'date-time'],
    ['a time with an offset out of range', { time: '2018-04-05T18:31:00+25:00' }, '/time', 'date-time'],
    ['no media type', { datacontenttype: 'xyz' }, '/datacontenttype', 'media-type'],
    ['an empty media type', { datacontenttype: '' }, '/datacontenttype', 'media-type'],
    ['an empty dataschema', { dataschema: '' }, '/dataschema', 'uri'],
    ['a relative dataschema', { dataschema: '/schema' }, '/dataschema', 'uri'],
    ['a capital in a name', { MyExtension: 'x' }, '/MyExtension', 'attribute-name'],
    ['a dot in a name', { 'my.extension': null }, '/my.extension', 'attribute-name'],
    ['an empty name', { '': 'x' }, '/', 'attribute-name'],
    ['a fraction', { ext: 1.5 }, '/ext', 'type'],
    ['an integer of more than 32 bits', { ext: 2 ** 31 }, '/ext', 'type'],
    ['an object', { ext: {} }, '/ext', 'type'],
    ['a control character', { ext: 'a\u0085' }, '/ext', 'text'],
    ['a traceparent that is no text', { traceparent: true }, '/traceparent', 'type'],
    ['an actor that is too long', { actor: 'x'.repeat(513) }, '/actor', 'text'],
    ['both kinds of data', { data: null, data_base64: 'AAE=' }, '/data_base64', 'not'],
    ['Base64 without its padding', { data_base64: 'AAE' }, '/data_base64', 'base64'],
    ['Base64 of URLs', { data_base64: '_-8=' }, '/data_base64', 'base64'],
    ['Base64 in lines', { data_base64: 'AAE=\n' }, '/data_base64', 'base64'],
    ['Base64 with bits left over', { data_base64: 'AAF=' }, '/data_base64', 'base64'],
    ['Base64 that is no text', { data_base64: 1 }, '/data_base64', 'type'],
    ['JSON where a text must be', { data: {}, datacontenttype: 'text/xml' }, '/data', 'type'],
  ];

  it.each(wrong)('is refused for %s, with the place', (_what, change, pointer, keyword) => {
    const answer = take({ ...MINIMAL, ...change });
    expect(answer).toMatchObject({ code: 'invalid-event' });
    expect((answer as Problem).errors).toMatchObject([{ pointer, keyword }]);
  });

  it('is told of everything that is wrong with it', () => {
    expect(placesOf(take({ id: '', A: 1, data: 1, data_base64: 1 }))).toEqual([
      [expect.objectContaining({ pointer: '/id' }), 'text'],
      [expect.objectContaining({ pointer: '/A' }), 'attribute-name'],
      [expect.objectContaining({ pointer: '/specversion' }), 'required'],
      [expect.objectContaining({ pointer: '/source' }), 'required'],
      [expect.objectContaining({ pointer: '/type' }), 'required'],
      [expect.objectContaining({ pointer: '/data_base64' }), 'not'],
    ]);
  });

  it.each([[[]], ['x'], [null], [[MINIMAL]]])('is an object: not %j', (value) => {
    expect(take(value)).toMatchObject({ code: 'invalid-event', errors: [{ pointer: '', keyword: 'type' }] });
  });

  it('has names that mean something to JavaScript, and nothing comes of it', () => {
    const { metadata } = taken({ ...MINIMAL, constructor: 'x', valueof: true, hasownproperty: 1, data: 1 });
    expect(Object.entries(decodeMetadata(metadata)?.cloudevent ?? {})).toEqual([
      ['constructor', 'x'],
      ['hasownproperty', 1],
      ['specversion', '1.0'],
      ['valueof', true],
    ]);
    const proto = `{"specversion":"1.0","id":"1","source":"/s","type":"t","__proto__":"x"}`;
    expect(() => parseEvent(Buffer.from(proto))).toThrow(/__proto__/);
  });

  it('may not come from a source of the ledger itself', () => {
    expect(take({ ...MINIMAL, source: '_schemas' })).toMatchObject({
      code: 'reserved-source',
      errors: [{ pointer: '/source' }],
    });
  });

  it('has the limits of every event', async () => {
    expect(take({ ...MINIMAL, data: 'x'.repeat(256 * 1024) })).toMatchObject({
      code: 'too-large',
      errors: [{ pointer: '/data' }],
    });
    expect(take({ ...MINIMAL, data_base64: 'AAAA'.repeat(64 * 1024) })).toMatchObject({
      code: 'too-large',
      errors: [{ pointer: '/data_base64' }],
    });
    const many = Object.fromEntries(Array.from({ length: 8_000 }, (_, n) => [`extension${n}`, n]));
    const [item] = await parseArray(Buffer.from(JSON.stringify([{ ...MINIMAL, ...many }])));
    expect(item && admit(item, 0, 'admin', readStructured)).toMatchObject({
      code: 'too-large',
      errors: [{ pointer: '/0' }],
    });
  });

  it('has no more members than the metadata have room for, and is not read when it has', () => {
    const many = Object.fromEntries(Array.from({ length: 150_000 }, (_, n) => [`m${n.toString(36)}`, 1]));
    const body = parseEvent(Buffer.from(JSON.stringify({ ...MINIMAL, ...many })));
    const before = process.cpuUsage();
    expect(admit(body, null, 'admin', readStructured)).toMatchObject({
      code: 'too-large',
      errors: [{ pointer: '', keyword: 'size' }],
    });
    expect(process.cpuUsage(before).user / 1_000).toBeLessThan(500);
  });

  it('is read with the canonical form that was made with it', () => {
    for (const [name, data] of [
      ['data', '{"b": 1, "a": 2}'],
      ['data_base64', '"AAE="'],
    ] as const) {
      const body = `{"specversion":"1.0","id":"1","source":"/s","type":"t","${name}": ${data}}`;
      const admitted = admit(parseEvent(Buffer.from(body)), null, 'admin', readStructured) as Admitted;
      expect(admitted.data.toString()).toBe(name === 'data' ? '{"a":2,"b":1}' : '"AAE="');
    }
  });
});
