/** The end: in every state, in bounded time, with nothing left behind. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { candidates, collect } from '../../support/event-log.js';
import { newSource } from '../contract/log-under-test.js';
import { setUp, timed } from './stand.js';

const stand = setUp();

describe('close', () => {
  test('is done at once when nothing was ever asked, also of a server that is not there', async () => {
    const log = stand.open({ url: 'esdb://127.0.0.1:1,127.0.0.1:2?tls=false' });
    expect(await timed(log.close())).toBeLessThan(500);
  });

  test('twice is one close', async () => {
    const log = stand.open();
    await log.append(newSource(), candidates(1));
    await Promise.all([log.close(), log.close()]);
    await expect(log.newest()).rejects.toMatchObject({ code: 'log-unavailable' });
  });

  test('does not wait for a frozen server longer than the appends under way may take', async () => {
    const log = stand.open({ deadlineMs: 1_000 });
    const source = newSource();
    await log.append(source, candidates(1));
    stand.double().faults.freeze();
    const appending = log.append(source, candidates(1));
    const reading = collect(log.readSource(source));
    const heard = Promise.allSettled([appending, reading]);
    expect(await timed(log.close())).toBeLessThan(2_500);
    expect(await heard).toMatchObject([
      { status: 'rejected', reason: { code: 'log-uncertain' } },
      { status: 'rejected', reason: { code: 'log-unavailable' } },
    ]);
  });

  test('ends reads that are not at their end', async () => {
    const log = stand.open();
    const source = newSource();
    await log.append(source, candidates(1_500));
    const read = async (): Promise<void> => {
      for await (const { revision } of log.readSource(source)) if (revision === 10) await log.close();
    };
    await expect(read()).rejects.toMatchObject({ code: 'log-unavailable' });
  });

  test.each(['answers', 'is frozen', 'is down'])(
    'leaves nothing that keeps a process alive, when the server %s',
    async (state) => {
      const { url, faults } = stand.double();
      const child = spawn(process.execPath, ['--import', 'tsx', PROGRAM, url], {
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      const errors: string[] = [];
      child.stderr.on('data', (text: Buffer) => errors.push(text.toString()));
      await once(child.stdout, 'data');
      if (state === 'is frozen') faults.freeze();
      if (state === 'is down') await stand.double().stop();
      const began = performance.now();
      child.stdin.write('close\n');
      const [code] = (await once(child, 'exit')) as [number | null];
      expect(code, errors.join('')).toBe(0);
      expect(performance.now() - began).toBeLessThan(6_000);
    },
  );
});

const PROGRAM = new URL('./closing-process.ts', import.meta.url).pathname;
