/**
 * The events that the CloudEvents specification itself shows, version 1.0.2: spec.md (Example), formats/json-format.md
 * (3.2, 4.3) and bindings/http-protocol-binding.md (3.1.4). What is left open there ("… base64 encoded string …") is
 * filled in.
 */
import type { Json } from '../../../src/ledger/types.js';

export type Event = Readonly<Record<string, Json>>;

const THRIFT = Buffer.from([0x80, 0x01, 0x00, 0xff, 0xfe]);

const common = {
  specversion: '1.0',
  type: 'com.example.someevent',
  time: '2018-04-05T17:31:00Z',
  comexampleextension1: 'value',
  comexampleothervalue: 5,
};

const appinfo = { appinfoA: 'abc', appinfoB: 123, appinfoC: true };

/** Each with its bytes in binary mode, where the specification shows them. */
export const EXAMPLES: readonly {
  readonly name: string;
  readonly event: Event;
  readonly body?: string | Buffer;
}[] = [
  {
    name: 'spec.md, Example',
    event: {
      specversion: '1.0',
      type: 'com.github.pull_request.opened',
      source: 'https://github.com/cloudevents/spec/pull',
      subject: '123',
      id: 'A234-1234-1234',
      time: '2018-04-05T17:31:00Z',
      comexampleextension1: 'value',
      comexampleothervalue: 5,
      datacontenttype: 'text/xml',
      data: '<much wow="xml"/>',
    },
    body: '<much wow="xml"/>',
  },
  {
    name: 'json-format.md 3.2, Binary-valued data',
    event: {
      ...common,
      source: '/mycontext',
      id: 'A234-1234-1234',
      datacontenttype: 'application/vnd.apache.thrift.binary',
      data_base64: THRIFT.toString('base64'),
    },
    body: THRIFT,
  },
  {
    name: 'json-format.md 3.2, an XML document',
    event: {
      ...common,
      source: '/mycontext',
      id: 'B234-1234-1234',
      unsetextension: null,
      datacontenttype: 'application/xml',
      data: '<much wow="xml"/>',
    },
    body: '<much wow="xml"/>',
  },
  {
    name: 'json-format.md 3.2, JSON Object-valued data',
    event: {
      ...common,
      source: '/mycontext',
      subject: null,
      id: 'C234-1234-1234',
      datacontenttype: 'application/json',
      data: appinfo,
    },
    body: JSON.stringify(appinfo, null, 2),
  },
  {
    name: 'json-format.md 3.2, a literal JSON string and no datacontenttype',
    event: {
      ...common,
      source: '/mycontext',
      subject: null,
      id: 'D234-1234-1234',
      data: "I'm just a string",
    },
    body: `"I'm just a string"`,
  },
  {
    name: 'json-format.md 4.3, the first of a batch',
    event: {
      ...common,
      source: '/mycontext/4',
      id: 'B234-1234-1234',
      datacontenttype: 'application/vnd.apache.thrift.binary',
      data_base64: THRIFT.toString('base64'),
    },
  },
  {
    name: 'json-format.md 4.3, the second of a batch',
    event: {
      ...common,
      type: 'com.example.someotherevent',
      source: '/mycontext/9',
      id: 'C234-1234-1234',
      time: '2018-04-05T17:31:05Z',
      datacontenttype: 'application/json',
      data: appinfo,
    },
  },
  {
    name: 'http-protocol-binding.md 3.1.4',
    event: {
      specversion: '1.0',
      type: 'com.example.someevent',
      time: '2018-04-05T03:56:24Z',
      id: '1234-1234-1234',
      source: '/mycontext/subcontext',
      datacontenttype: 'application/json; charset=utf-8',
      data: { message: 'Hello World!' },
    },
    body: '{\n    "message": "Hello World!"\n}',
  },
];

/** What an event means: attributes that are null are not set (json-format.md, 2.2). */
export function meaningOf(event: Event): Event {
  return Object.fromEntries(
    Object.entries(event).filter(([name, value]) => value !== null || name === 'data'),
  );
}

/** The header fields of an event in binary mode, percent-encoded (http-protocol-binding.md, 3.1.3.2). */
export function fieldsOf(event: Event): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [name, value] of Object.entries(meaningOf(event))) {
    if (name === 'data' || name === 'data_base64') continue;
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    if (name === 'datacontenttype') fields['content-type'] = text;
    else fields[`ce-${name}`] = text.replace(/[^!#$&-~]/gu, encodeURIComponent);
  }
  return fields;
}
