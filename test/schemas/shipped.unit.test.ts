import { existsSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../../src/ledger/types.js';
import { readSchemaFiles } from '../../src/schemas/files.js';
import { compileSchema, type CompiledSchema } from '../../src/schemas/judge.js';

const CLOUDTRAIL = '../shared/data/cloudtrail.jsonl';

let schemas: ReadonlyMap<string, CompiledSchema>;
beforeAll(async () => {
  const files = await readSchemaFiles('schemas');
  schemas = new Map(files.map(({ type, schema }) => [type, compileSchema(schema, 1)]));
});

function accepts(type: string, payload: Json): boolean | undefined {
  return schemas.get(type)?.accepts(payload);
}

/** A record as AWS documents it: an older version, without much that newer ones have. */
function record(
  eventName: string,
  members: Readonly<Record<string, Json>> = {},
): Readonly<Record<string, Json>> {
  return {
    eventVersion: '1.02',
    userIdentity: { type: 'Root', principalId: '123456789012', arn: 'arn:aws:iam::123456789012:root' },
    eventTime: '2015-07-24T21:35:44Z',
    eventSource: 'example.amazonaws.com',
    eventName,
    awsRegion: 'us-east-1',
    sourceIPAddress: '192.0.2.0',
    eventID: 'cd0327f5-EXAMPLE',
    eventType: 'AwsApiCall',
    ...members,
  };
}

const EVENT_NAMES = [
  ...['AssumeRole', 'ConsoleLogin', 'CreateRole', 'DescribeInstances'],
  ...['GetBucketPolicy', 'GetSecretValue', 'ListBuckets', 'StopLogging'],
];

describe('the schemas that are shipped', () => {
  it('take any payload of a type that has none', () => {
    for (const payload of [null, 1, 'a', [], {}]) expect(accepts('_default', payload)).toBe(true);
  });

  it('take what the domain reports', () => {
    expect(accepts('customer.billed', { customerId: 'c-1', amount: 12.5, currency: 'EUR' })).toBe(true);
    expect(accepts('customer.billed', { customerId: 7, amount: 0, dueAt: '2026-12-01', tax: [1] })).toBe(
      true,
    );
    expect(accepts('customer.registered', { customerId: 'c-1', email: 'ada@example.org' })).toBe(true);
    expect(accepts('customer.identity_linked', { customerId: 'c-1', provider: 'bank', externalId: 9 })).toBe(
      true,
    );
    expect(accepts('customer.deactivated', { customerId: 'c-1', reason: 'asked for it' })).toBe(true);
    expect(accepts('user.login', { userId: 42, ip: '192.0.2.1', success: false })).toBe(true);
    expect(accepts('user.logout', { username: 'ada' })).toBe(true);
  });

  it.each<[string, Json]>([
    ['customer.billed', { customerId: 'c-1' }],
    ['customer.billed', { customerId: 'c-1', amount: '12.5' }],
    ['customer.billed', { customerId: 'c-1', amount: -1 }],
    ['customer.billed', { customerId: 'c-1', amount: 1, currency: 'euro' }],
    ['customer.billed', { customerId: '', amount: 1 }],
    ['customer.billed', [1]],
    ['customer.registered', { email: 'ada@example.org' }],
    ['customer.registered', { customerId: 'c-1', email: 'ada' }],
    ['customer.identity_linked', { customerId: 'c-1', externalId: 'x' }],
    ['customer.deactivated', { customerId: null }],
    ['user.login', {}],
    ['user.login', { userId: 'u-1', success: 'yes' }],
    ['user.logout', 'ada'],
  ])('refuse %s with %j', (type, payload) => {
    expect(accepts(type, payload)).toBe(false);
  });

  it.each(EVENT_NAMES)('take records of %s with what AWS promises, and refuse those without', (name) => {
    expect(accepts(name, record(name))).toBe(true);
    expect(accepts(name, record(name, { userIdentity: { accountId: '1', invokedBy: 'AWS Internal' } }))).toBe(
      true,
    );
    expect(
      accepts(name, record(name, { requestParameters: null, addendum: { reason: 'UPDATED_DATA' } })),
    ).toBe(true);
    expect(accepts(name, record(name, { userIdentity: null }))).toBe(true);
    expect(accepts(name, record('Other'))).toBe(false);
    for (const member of Object.keys(record(name))) {
      const { [member]: removed, ...rest } = record(name);
      const sinceLater = ['eventID', 'eventType'].includes(member);
      expect([member, removed !== undefined, accepts(name, rest)]).toEqual([member, true, sinceLater]);
    }
  });

  it('take every record of CloudTrail that is at hand', () => {
    const lines = existsSync(CLOUDTRAIL) ? readFileSync(CLOUDTRAIL, 'utf8').trim().split('\n') : [];
    for (const line of lines) {
      const { type, payload } = JSON.parse(line) as { readonly type: string; readonly payload: Json };
      const schema = schemas.get(type) ?? schemas.get('_default');
      expect([type, schema?.validate(payload)]).toEqual([type, []]);
    }
  });
});
