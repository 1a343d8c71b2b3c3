/** Users and access lists, against a secured double: each user can do what it must, and nothing else. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tryCredentials } from '../../../src/event-log/eventstoredb/administration.js';
import { openEventStoreDbEventLog } from '../../../src/event-log/eventstoredb/event-log.js';
import {
  findOpenings,
  protect,
  type ProtectionOptions,
} from '../../../src/event-log/eventstoredb/protection.js';
import type { EventLog } from '../../../src/event-log/port.js';
import { startEventStoreDouble, type EventStoreDouble } from '../../eventstore-double/eventstore-double.js';
import { rawClient, type RawClient } from '../../eventstore-double/raw-client.js';
import { proposed } from '../../eventstore-double/record.js';
import { candidate, collect, everything } from '../../support/event-log.js';

const DENIED = { code: 'access-denied' };
const DEFAULT_PASSWORDS = ['default-password', 'default-password'];

describe('a server that was set up', () => {
  let double: EventStoreDouble;
  let folder: string;
  let options: ProtectionOptions;
  let opened: { close(): unknown }[];

  beforeEach(async () => {
    double = await startEventStoreDouble({ secured: 'tls' });
    folder = await mkdtemp(join(tmpdir(), 'eventstore-'));
    await writeFile(join(folder, 'ca.crt'), double.authority ?? '');
    opened = [];
    options = {
      adminUrl: urlOf('admin', 'changeit'),
      api: { login: 'ledger-api', password: 'of the api' },
      projector: { login: 'ledger-projector', password: 'of:the@projector/' },
      apiReadsAll: false,
    };
  });

  afterEach(async () => {
    for (const each of opened) await each.close();
    await double.stop();
    await rm(folder, { recursive: true });
  });

  function urlOf(login: string, password: string): string {
    const pair = `${encodeURIComponent(login)}:${encodeURIComponent(password)}`;
    return `${double.url.replace('//', `//${pair}@`)}&tlsCaFile=${join(folder, 'ca.crt')}`;
  }

  function logOf({ login, password }: ProtectionOptions['api']): EventLog {
    const log = openEventStoreDbEventLog({ url: urlOf(login, password ?? '') });
    opened.push(log);
    return log;
  }

  function clientOf({ login, password }: ProtectionOptions['api']): RawClient {
    const client = rawClient(urlOf(login, password ?? ''));
    opened.push(client);
    return client;
  }

  const codes = async (): Promise<readonly string[]> => (await findOpenings(options)).map(({ code }) => code);
  const details = async (): Promise<string> =>
    (await findOpenings(options)).map(({ detail }) => detail).join('\n');

  it('lets the API append and read sources, and the projector read the whole log', async () => {
    await protect(options);
    const api = logOf(options.api);
    expect(await api.append('a', [candidate()])).toMatchObject([{ status: 'appended' }]);
    expect(await collect(api.readSource('a'))).toHaveLength(1);
    expect(await api.lookUp('a', 5 as never)).toMatchObject({ status: 'absent' });
    expect(await api.health()).toEqual({ status: 'ok' });
    const projector = logOf(options.projector);
    expect(await everything(projector)).toHaveLength(1);
    expect(await projector.lookUp('a', 0 as never)).toMatchObject({ status: 'found' });
  });

  it('lets neither delete, truncate, or change a list, nor the projector append, nor the API read the whole log', async () => {
    await protect(options);
    await logOf(options.api).append('a', [candidate()]);
    await expect(logOf(options.projector).append('a', [candidate()])).rejects.toMatchObject(DENIED);
    for (const refused of [everything(logOf(options.api)), logOf(options.api).newest()]) {
      await expect(refused).rejects.toMatchObject({
        ...{ code: 'access-denied', retryable: false },
        message: expect.stringContaining('EVENTSTORE_API_READS_ALL=true') as string,
      });
    }
    for (const user of [options.api, options.projector]) {
      const client = clientOf(user);
      await expect(client.delete('ledger-a')).rejects.toMatchObject({ code: 7 });
      await expect(client.tombstone('ledger-a')).rejects.toMatchObject({ code: 7 });
      for (const stream of ['$$ledger-a', '$settings', '$$$settings', '$$$all', '$user-admin']) {
        await expect(client.append(stream, [{}]), stream).rejects.toMatchObject({ code: 7 });
      }
    }
    await expect(protect({ ...options, adminUrl: urlOf('ledger-api', 'of the api') })).rejects.toMatchObject(
      DENIED,
    );
  });

  it('is the same after a second time, which says that nothing was to do, and needs no passwords', async () => {
    expect(await protect(options)).not.toHaveLength(0);
    const before = double.log.records.length;
    expect(await protect(options)).toEqual([]);
    expect(
      await protect({
        ...options,
        api: { ...options.api, password: null },
        projector: { ...options.projector, password: null },
      }),
    ).toEqual([]);
    expect(double.log.records).toHaveLength(before);
    expect(await codes()).toEqual(DEFAULT_PASSWORDS);
  });

  it('tells what it did, and never a password', async () => {
    const done = (await protect(options)) as readonly string[];
    expect(done.join('\n')).toMatch(/made the user ledger-api[^]*\$userStreamAcl \$d[^]*\$all \$r/);
    expect(done.join('\n')).not.toMatch(/of the api|of:the|changeit/);
  });

  it('keeps settings and metadata of others', async () => {
    double.log.append('$settings', [
      proposed({ type: '$settings', data: '{"other":1,"$userStreamAcl":{"x":2}}' }),
    ]);
    double.log.append('$$$all', [proposed({ type: '$metadata', data: '{"mine":3}' })]);
    await protect(options);
    const newest = (stream: string): unknown =>
      JSON.parse(double.log.stream(stream)?.records.at(-1)?.data.toString() ?? 'null');
    expect(newest('$settings')).toMatchObject({ other: 1, $userStreamAcl: { x: 2, $d: ['$admins'] } });
    expect(newest('$$$all')).toMatchObject({ mine: 3, $acl: { $r: ['$admins', 'ledger-projector'] } });
  });

  it('gives a user that is there its password, its group, and its leave to log in again', async () => {
    await protect(options);
    const changed = { ...options, api: { ...options.api, password: 'another' } };
    expect(await protect(changed)).toHaveLength(1);
    expect(await tryCredentials(options.adminUrl, 'ledger-api', 'of the api')).toBe('unknown');
    expect(await tryCredentials(options.adminUrl, 'ledger-api', 'another')).toBe('admitted');
  });

  it('lets API processes read the whole log where that is asked for, and one login be both', async () => {
    const both = { ...options, projector: options.api, apiReadsAll: true };
    await protect(both);
    const log = logOf(options.api);
    await log.append('a', [candidate()]);
    expect(await everything(log)).toHaveLength(1);
    expect((await findOpenings(both)).map(({ code }) => code)).toEqual(DEFAULT_PASSWORDS);
    expect(await details()).toContain('stream "$all": ledger-api may read ($r)');
  });

  it('needs the password of a user that is not there, and takes nobody who may do more', async () => {
    await expect(protect({ ...options, api: { login: 'new', password: null } })).rejects.toMatchObject({
      code: 'invalid-configuration',
      message: /EVENTSTORE_API_PASSWORD/,
    });
    await expect(protect({ ...options, api: { login: 'ops', password: 'x' } })).rejects.toMatchObject({
      code: 'invalid-input',
      message: /\$ops/,
    });
  });

  it('finds what was opened by hand', async () => {
    expect(await codes()).toEqual(expect.arrayContaining(['default-password', 'lacking', 'too-open']));
    await protect(options);
    const open = (stream: string, type: string, data: string): void => {
      double.log.append(stream, [proposed({ type, data })]);
    };
    open('$$ledger-a', '$metadata', '{"$acl":{"$mw":"somebody","$r":"$all","$d":"$admins"}}');
    open('$$ledger-b', '$metadata', '{"$acl":{"$d":["ledger-api"]}}');
    open('$$$settings', '$metadata', '{"$acl":{"$w":"$ops"}}');
    expect((await details()).split('\n').slice(2)).toEqual([
      'stream "ledger-a": everybody may read ($r)',
      'stream "ledger-a": somebody may write metadata, which truncates and hides ($mw)',
      'stream "ledger-b": ledger-api may delete ($d)',
      'stream "$settings": $ops may append ($w)',
    ]);
    open('$settings', '$settings', '{"$userStreamAcl":{"$r":"ledger-api"}}');
    const found = await details();
    expect(found).toContain('$settings, $userStreamAcl: everybody may delete ($d)');
    expect(found).toContain('$settings, $userStreamAcl: ledger-projector may not read ($r)');
    expect(await protect(options)).not.toHaveLength(0);
    expect(await details()).not.toContain('$settings, ');
  });
});

describe('a server in insecure mode', () => {
  it('is left as it is, and said to be without any protection', async () => {
    const double = await startEventStoreDouble();
    const options = {
      adminUrl: double.url,
      api: { login: 'a', password: 'a' },
      projector: { login: 'b', password: 'b' },
      apiReadsAll: false,
    };
    const insecure = {
      code: 'insecure',
      detail: expect.stringContaining('nothing can be protected') as string,
    };
    expect(await protect(options)).toEqual(insecure);
    expect(await findOpenings(options)).toEqual([insecure]);
    expect(double.log.records).toHaveLength(0);
    await double.stop();
  });

  it('that is not there is unavailable', async () => {
    await expect(tryCredentials('esdb://127.0.0.1:9?tls=false', 'a', 'b')).rejects.toMatchObject({
      code: 'log-unavailable',
    });
  });
});
