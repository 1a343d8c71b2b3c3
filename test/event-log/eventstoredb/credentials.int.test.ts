/** A secured server that does not take the credentials, as they are sent over TLS. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EventLog } from '../../../src/event-log/port.js';
import { candidates, collect, revisions, subscribed } from '../../support/event-log.js';
import { newSource } from '../contract/log-under-test.js';
import { setUp } from './stand.js';

const stand = setUp({ secured: 'tls' });
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'event-ledger-test-'));
  await writeFile(join(folder, 'ca.crt'), stand.double().authority ?? '');
});
afterAll(() => rm(folder, { recursive: true }));

function openAs(password: string): EventLog {
  const url = stand.double().url.replace('//', `//admin:${password}@`);
  return stand.open({ url: `${url}&tlsCaFile=${join(folder, 'ca.crt')}` });
}

describe('credentials', () => {
  test('that are wrong are refused in every call, which is not tried again, and no password is told', async () => {
    const log = openAs('a-wrong-one');
    const source = newSource();
    const outcomes = await Promise.allSettled([
      log.append(source, candidates(2)),
      log.newest(),
      log.backlog(null),
      log.lookUp(source, 0 as never),
      collect(log.readSource(source)),
      collect(subscribed(log)),
    ]);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({
        status: 'rejected',
        reason: { code: 'access-denied', retryable: false },
      });
      expect(JSON.stringify(outcome) + String((outcome as PromiseRejectedResult).reason)).not.toContain(
        'a-wrong-one',
      );
    }
    expect(await log.health()).toMatchObject({ status: 'down' });
    expect(stand.stored(source)).toEqual([]);
  });

  test('that stop being taken, and are taken again, do no harm', async () => {
    const log = openAs('changeit');
    const source = newSource();
    await log.append(source, candidates(1));
    stand.double().faults.refuseCredentials = true;
    await expect(log.append(source, candidates(1))).rejects.toMatchObject({ code: 'access-denied' });
    stand.double().faults.heal();
    expect(revisions(await log.append(source, candidates(1)))).toEqual([1]);
    expect(stand.stored(source)).toHaveLength(2);
  });

  test('are not sent to a server whose certificate nobody vouches for', async () => {
    const url = stand.double().url.replace('//', '//admin:changeit@');
    const log = stand.open({ url });
    await expect(log.append(newSource(), candidates(1))).rejects.toMatchObject({ code: 'log-unavailable' });
    expect(await log.health()).toMatchObject({ status: 'down' });
  });
});
