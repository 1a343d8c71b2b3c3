/** A secured double: users and ACLs count, as on a server that production would use. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials, Metadata } from '@grpc/grpc-js';
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { UsersClient } from '@eventstore/db-client/generated/users_grpc_pb.js';
import users from '@eventstore/db-client/generated/users_pb.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startEventStoreDouble, type DoubleOptions, type EventStoreDouble } from './eventstore-double.js';
import { rawClient, type RawClient } from './raw-client.js';
import { proposed } from './record.js';
import { refusal } from './semantics/server-under-test.js';

const stream = 'ledger-secured';
const DENIED = { code: 7, exception: 'access-denied' };

describe('a secured double', () => {
  let double: EventStoreDouble;
  const clients: { close(): void }[] = [];

  const start = async (secured: DoubleOptions['secured'] & string): Promise<void> => {
    double = await startEventStoreDouble({ secured });
  };
  const as = (login: string, password = 'changeit'): RawClient => {
    const client = rawClient(double.url.replace('//', `//${login}:${password}@`));
    clients.push(client);
    return client;
  };

  beforeEach(() => start('plaintext'));

  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await double.stop();
  });

  it('knows admin and ops, refuses a wrong password with 16, and nobody at all with 7', async () => {
    expect(await as('admin').append(stream, [{}])).toMatchObject({ revision: '0' });
    expect(await as('ops').append(stream, [{}])).toMatchObject({ revision: '1' });
    expect((await refusal(as('admin', 'wrong').append(stream, [{}]))).code).toBe(16);
    const anonymous = rawClient(double.url);
    clients.push(anonymous);
    expect(await refusal(anonymous.append(stream, [{}]))).toEqual(DENIED);
  });

  it('shows $all, with the users and their password hashes, to $admins alone', async () => {
    expect(await refusal(as('ops').read({}))).toEqual(DENIED);
    const found = await as('admin').read({ prefixes: ['$user-'] });
    expect(found?.map((event) => event.stream)).toEqual(['$user-admin', '$user-ops']);
    expect(found?.[0]?.data.toString()).toContain('"hash"');
  });

  it('obeys the ACL of a stream, then the defaults in $settings', async () => {
    await createUser('api', []);
    await createUser('projector', ['readers']);
    double.log.append('$$$all', [
      proposed({ type: '$metadata', data: '{"$acl":{"$r":["$admins","readers"]}}' }),
    ]);
    const acl = { $r: '$all', $w: 'api', $d: '$admins', $mr: '$all', $mw: '$admins' };
    const settings = JSON.stringify({ $userStreamAcl: acl });
    double.log.append('$settings', [proposed({ type: '$settings', data: settings })]);

    expect(await as('api', 'secret').append(stream, [{}])).toMatchObject({ revision: '0' });
    expect(await refusal(as('projector', 'secret').append(stream, [{}]))).toEqual(DENIED);
    expect(await as('projector', 'secret').read({ prefixes: [stream] })).toHaveLength(1);
    expect(await refusal(as('api', 'secret').read({}))).toEqual(DENIED);
    expect(await refusal(as('api', 'secret').delete(stream))).toEqual(DENIED);
    expect(await refusal(as('api', 'secret').append(`$$${stream}`, [{}]))).toEqual(DENIED);
    double.log.append(`$$${stream}`, [proposed({ type: '$metadata', data: '{"$acl":{"$w":"projector"}}' })]);
    expect(await refusal(as('api', 'secret').append(stream, [{}]))).toEqual(DENIED);
    expect(await as('projector', 'secret').append(stream, [{}])).toMatchObject({ revision: '1' });
  });

  it('creates users once, and only for $admins', async () => {
    expect(await refusal(createUser('api', [], 'ops'))).toEqual(DENIED);
    await createUser('api', ['writers']);
    expect(await refusal(createUser('api', []))).toEqual({ code: 9, exception: 'user-conflict' });
    const request = new users.DetailsReq().setOptions(new users.DetailsReq.Options().setLoginName('api'));
    const found: unknown[] = [];
    for await (const message of usersClient().details(request, authorization('admin'))) {
      const user = (message as users.DetailsResp).getUserDetails();
      found.push([user?.getLoginName(), user?.getGroupsList(), user?.getDisabled()]);
    }
    expect(found).toEqual([['api', ['writers'], false]]);
  });

  it('speaks TLS to the public client, whose credentials then count', async () => {
    await double.stop();
    await start('tls');
    const directory = mkdtempSync(join(tmpdir(), 'eventstore-double-'));
    const file = join(directory, 'authority.pem');
    writeFileSync(file, double.authority ?? '');
    const address = (login: string) =>
      `${double.url.replace('//', `//${login}@`)}&tlsCaFile=${file}` as `esdb://${string}`;
    const client = EventStoreDBClient.connectionString(address('admin:changeit'));
    const intruder = EventStoreDBClient.connectionString(address('admin:wrong'));
    const event = jsonEvent({ type: 'user.login', data: { user: 'ada' } });

    expect(await client.appendToStream(stream, event)).toMatchObject({ success: true });
    await expect(intruder.appendToStream(stream, event)).rejects.toMatchObject({
      type: 'access-denied',
      code: 16,
    });
    await Promise.all([client.dispose(), intruder.dispose()]);
    rmSync(directory, { recursive: true });
  });

  function usersClient(): UsersClient {
    const { host } = new URL(double.url.replace('esdb', 'http'));
    const client = new UsersClient(host, credentials.createInsecure());
    clients.push(client);
    return client;
  }

  function createUser(login: string, groups: string[], by = 'admin'): Promise<void> {
    const options = new users.CreateReq.Options()
      .setLoginName(login)
      .setPassword('secret')
      .setGroupsList(groups);
    return new Promise((resolve, reject) => {
      usersClient().create(new users.CreateReq().setOptions(options), authorization(by), (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
  }
});

function authorization(login: string): Metadata {
  const metadata = new Metadata();
  metadata.set('authorization', `Basic ${Buffer.from(`${login}:changeit`).toString('base64')}`);
  return metadata;
}
