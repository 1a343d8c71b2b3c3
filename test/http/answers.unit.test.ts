import { expect, it } from 'vitest';
import { problemOfBatch } from '../../src/http/answers.js';
import type { Outcome } from '../../src/http/recording.js';
import type { ProblemCode } from '../../src/http/status.js';

const refused = (...codes: readonly ProblemCode[]): readonly Outcome[] =>
  codes.map((code) => ({ status: 'refused', problem: { code, detail: 'as the test wants it' } }));

it('a batch that may have been recorded is never said to be lost', () => {
  const uncertain = problemOfBatch(503, refused('log-unavailable', 'log-uncertain', 'invalid-event'));
  expect(uncertain).toMatchObject({ code: 'log-uncertain', retryAfter: 2 });
  const unavailable = problemOfBatch(503, refused('log-unavailable', 'invalid-event'));
  expect(unavailable).toMatchObject({ code: 'log-unavailable', retryAfter: 2 });
});
