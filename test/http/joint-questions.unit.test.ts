import { describe, expect, it } from 'vitest';
import { JointQuestions, type Ask } from '../../src/http/joint-questions.js';
import type { EventId, Revision } from '../../src/ledger/types.js';
import type { IdentityQuestion } from '../../src/read-model/port.js';

const idsOf = (count: number): readonly EventId[] =>
  Array.from({ length: count }, (_, n) => `id-${n}` as EventId);
const OUTAGE = new Error('gone');
const isOutage = (error: unknown): boolean => error === OUTAGE;

/** What is asked jointly, each answered when the test says so: with the number of ids as the last revision. */
class Asked {
  readonly questions: (readonly IdentityQuestion[])[] = [];
  readonly #pending: ((error?: Error) => void)[] = [];

  readonly ask: Ask = (questions) =>
    new Promise((resolve, reject) => {
      this.questions.push(questions);
      this.#pending.push((error) => {
        if (error !== undefined) reject(error);
        else
          resolve(questions.map(({ ids }) => ({ places: new Map(), lastRevision: ids.length as Revision })));
      });
    });

  answered = 0;

  get sources(): readonly (readonly string[])[] {
    return this.questions.map((joint) => joint.map(({ source }) => source));
  }

  /** Answers what was asked first. */
  async answer(error?: Error): Promise<void> {
    this.answered += 1;
    this.#pending.shift()?.(error);
    await turns();
  }
}

/** Whatever follows has followed. */
async function turns(): Promise<void> {
  for (let n = 0; n < 10; n += 1) await Promise.resolve();
}

async function started(): Promise<{ asked: Asked; joint: JointQuestions }> {
  const asked = new Asked();
  const joint = new JointQuestions(asked.ask, isOutage);
  joint.ask('first', idsOf(1)).catch(() => undefined);
  await turns();
  joint.ask('second', idsOf(1)).catch(() => undefined);
  await turns();
  return { asked, joint };
}

describe('joint questions', () => {
  it('are asked in the same breath of many sources, and each has its own answer', async () => {
    const asked = new Asked();
    const joint = new JointQuestions(asked.ask, isOutage);
    const answers = Promise.all(['a', 'b', 'c'].map((source, n) => joint.ask(source, idsOf(n + 1))));
    await turns();
    await asked.answer();
    expect(asked.sources).toEqual([['a', 'b', 'c']]);
    expect((await answers).map(({ lastRevision }) => lastRevision)).toEqual([1, 2, 3]);
  });

  it('are two at once; what comes meanwhile is asked with the next', async () => {
    const { asked, joint } = await started();
    const later = Promise.all(['c', 'd'].map((source) => joint.ask(source, idsOf(1))));
    await turns();
    expect(asked.sources).toEqual([['first'], ['second']]);
    await asked.answer();
    expect(asked.sources).toEqual([['first'], ['second'], ['c', 'd']]);
    await asked.answer();
    await asked.answer();
    expect(await later).toHaveLength(2);
    // the places of those that ended are free again
    void joint.ask('e', idsOf(1));
    await turns();
    expect(asked.sources.at(-1)).toEqual(['e']);
  });

  it('have 256 ids, unless a single one has more', async () => {
    const { asked, joint } = await started();
    for (const [source, count] of [
      ['a', 156],
      ['b', 99],
      ['c', 2],
      ['d', 5_000],
      ['e', 1],
    ] as const) {
      void joint.ask(source, idsOf(count));
    }
    for (let n = 0; n < 6; n += 1) await asked.answer();
    expect(asked.sources).toEqual([['first'], ['second'], ['a', 'b'], ['c'], ['d'], ['e']]);
  });

  it('are up to eight at once while those who wait fill them, then two again', async () => {
    const { asked, joint } = await started();
    for (let n = 0; n < 20; n += 1) void joint.ask(`source ${n}`, idsOf(200));
    await turns();
    expect(asked.questions).toHaveLength(8);
    for (let n = 0; n < 22; n += 1) await asked.answer();
    expect(asked.questions).toHaveLength(22);
    for (const source of ['a', 'b', 'c', 'd']) {
      void joint.ask(source, idsOf(1));
      await turns();
    }
    expect(asked.sources.slice(22)).toEqual([['a'], ['b']]);
  });

  it('fail together, with all that wait, when two sources by themselves find nobody to ask', async () => {
    const { asked, joint } = await started();
    await asked.answer(OUTAGE);
    void joint.ask('third', idsOf(1)).catch(() => undefined);
    await turns();
    const waiting = Promise.allSettled(['a', 'b'].map((source) => joint.ask(source, idsOf(1))));
    await turns();
    expect(asked.sources).toEqual([['first'], ['second'], ['third']]);
    await asked.answer(OUTAGE);
    expect(await waiting).toEqual([
      { status: 'rejected', reason: OUTAGE },
      { status: 'rejected', reason: OUTAGE },
    ]);
    // who comes later asks anew
    const later = joint.ask('c', idsOf(3));
    await turns();
    expect(asked.sources.at(-1)).toEqual(['c']);
    while (asked.questions.length > asked.answered) await asked.answer();
    expect((await later).lastRevision).toBe(3);
  });

  it('are told of no outage that is one source’s alone, however often it asks', async () => {
    const ask: Ask = (questions) =>
      questions.some(({ source }) => source === 'damaged')
        ? Promise.reject(OUTAGE)
        : Promise.resolve(questions.map(() => ({ places: new Map(), lastRevision: null })));
    const joint = new JointQuestions(ask, isOutage);
    for (let n = 0; n < 5; n += 1) {
      await expect(joint.ask('damaged', idsOf(1))).rejects.toBe(OUTAGE);
    }
    const sources = ['a', 'damaged', 'b', 'c', 'd', 'damaged', 'e'];
    const settled = await Promise.allSettled(sources.map((source) => joint.ask(source, idsOf(1))));
    expect(settled.map(({ status }) => status)).toEqual(
      sources.map((source) => (source === 'damaged' ? 'rejected' : 'fulfilled')),
    );
  });

  it('are asked one by one when one of them fails, which is nothing to the others', async () => {
    const ask: Ask = (questions) =>
      questions.some(({ source }) => source === 'bad')
        ? Promise.reject(new Error('bad'))
        : Promise.resolve(questions.map(() => ({ places: new Map(), lastRevision: null })));
    const joint = new JointQuestions(ask, isOutage);
    const settled = await Promise.allSettled(['a', 'bad', 'b'].map((source) => joint.ask(source, idsOf(1))));
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('are not asked one by one of who is gone meanwhile', async () => {
    let asked = 0;
    const ask: Ask = () => Promise.reject(asked++ === 0 ? new Error('another reason') : OUTAGE);
    const joint = new JointQuestions(ask, isOutage);
    const settled = await Promise.allSettled(
      Array.from({ length: 500 }, (_, n) => joint.ask(`source ${n}`, idsOf(1))),
    );
    expect(settled.every(({ status }) => status === 'rejected')).toBe(true);
    expect(asked).toBeLessThanOrEqual(6);
  });
});
