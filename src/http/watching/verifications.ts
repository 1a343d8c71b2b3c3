/** Verifications as events of `_access`: one for each, with what it came to, when it ends. */
import type { JsonObject } from '../../access/access-event.js';
import type { VerificationReport } from '../../ledger/finding.js';
import type { Progress } from '../../ledger/verification.js';
import { ProblemError } from '../problem.js';
import type { RunOptions } from '../verifying.js';

type Run = AsyncGenerator<Progress, VerificationReport, void>;

/**
 * The same run, which is told of before its report is given. One that is refused is not told of; one that is returned before
 * its end was aborted: its client left, or its time was over.
 */
export async function* toldWhenEnded(
  run: Run,
  options: RunOptions,
  tell: (payload: JsonObject) => Promise<void>,
): Run {
  let result: JsonObject | null = { outcome: 'aborted', checked: 0 };
  try {
    for (;;) {
      const step = await run.next();
      if (step.done === true) {
        result = resultOf(step.value);
        return step.value;
      }
      result = { outcome: 'aborted', checked: step.value.checked };
      yield step.value;
    }
  } catch (error) {
    result = error instanceof ProblemError ? null : { ...result, outcome: 'failed' };
    throw error;
  } finally {
    await run.return(undefined as never).catch(() => undefined);
    if (result !== null) await tell({ ...askedFor(options), ...result });
  }
}

function askedFor(options: RunOptions): JsonObject {
  const { mode } = options;
  if (mode === 'deep') return { mode, fromIndex: null, toIndex: null, source: null };
  const { fromIndex = null, toIndex = null, source = null } = options;
  return { mode, fromIndex, toIndex, source };
}

function resultOf(report: VerificationReport): JsonObject {
  const { intact, checked, size, head, findings, findingsTotal } = report;
  const codes = [...new Set(findings.map(({ code }) => code))].sort();
  return { outcome: 'finished', intact, checked, size, head, findings: findingsTotal, codes };
}
