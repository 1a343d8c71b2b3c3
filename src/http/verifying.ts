/** Verification as the API runs it: one at a time in a process, timed, and remembered for /health. */
import type { Progress, VerificationOptions } from '../ledger/verification.js';
import { verifyLedger } from '../ledger/verification.js';
import type { VerificationReport } from '../ledger/finding.js';
import { instantFromMs } from '../ledger/time.js';
import type { LedgerReader } from '../read-model/port.js';
import { refusal } from './problem.js';

/** What the last verification of this process came to. */
export type VerificationSummary = Omit<VerificationReport, 'findings'>;

export interface Verifier {
  /**
   * Begins when the first step is asked for, ends early when the generator is returned.
   * @throws ProblemError `busy` while another one runs
   */
  run(options: VerificationOptions): AsyncGenerator<Progress, VerificationReport, void>;
  last(): VerificationSummary | null;
}

export function createVerifier(reader: Pick<LedgerReader, 'snapshot' | 'selfCheck'>): Verifier {
  let running = false;
  let last: VerificationSummary | null = null;

  async function* verify(options: VerificationOptions): AsyncGenerator<Progress, VerificationReport, void> {
    const started = Date.now();
    const selfCheck = await reader.selfCheck();
    const verification = yield* verifyLedger(() => reader.snapshot(), { ...options, selfCheck });
    const report: VerificationReport = {
      ...verification,
      startedAt: instantFromMs(started),
      durationMs: Date.now() - started,
    };
    last = summaryOf(report);
    return report;
  }

  return {
    async *run(options) {
      if (running) {
        throw refusal('busy', 'A verification runs already in this process.', { retryAfter: 5 });
      }
      running = true;
      try {
        return yield* verify(options);
      } finally {
        running = false;
      }
    },
    last: () => last,
  };
}

function summaryOf(report: VerificationReport): VerificationSummary {
  return Object.fromEntries(
    Object.entries(report).filter(([name]) => name !== 'findings'),
  ) as unknown as VerificationSummary;
}
