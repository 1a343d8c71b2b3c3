/** Verification as the API runs it: one at a time in a process, timed, and remembered for /health. */
import type { EventLog } from '../event-log/port.js';
import type { Progress, Verification, VerificationOptions } from '../ledger/verification.js';
import { verifyLedger } from '../ledger/verification.js';
import type { VerificationReport } from '../ledger/finding.js';
import { instantFromMs } from '../ledger/time.js';
import type { LedgerReader } from '../read-model/port.js';
import { verifyAgainstLog } from './deep-verifying.js';
import { refusal } from './problem.js';

/** What a verification came to, without each finding. */
export type VerificationSummary = Omit<VerificationReport, 'findings'>;

/** Deep verification is of the whole ledger. */
export type RunOptions =
  | (VerificationOptions & { readonly mode: 'full' })
  | (Pick<VerificationOptions, 'selfCheck'> & { readonly mode: 'deep' });

export interface VerifierParts {
  readonly reader: Pick<LedgerReader, 'snapshot' | 'selfCheck' | 'deepChecks'>;
  readonly log: EventLog;
}

export interface Verifier {
  /**
   * Begins when the first step is asked for, ends early when the generator is returned.
   * @throws ProblemError `busy` while another one runs
   */
  run(options: RunOptions): AsyncGenerator<Progress, VerificationReport, void>;
  /** The last one that says something of the ledger: of all of it, or with a finding. */
  last(): VerificationSummary | null;
}

export function createVerifier({ reader, log }: VerifierParts): Verifier {
  let running = false;
  let last: VerificationSummary | null = null;

  async function* recompute(options: RunOptions): AsyncGenerator<Progress, Verification, void> {
    const selfCheck = await reader.selfCheck();
    if (options.mode === 'deep') return yield* verifyAgainstLog({ reader, log }, { selfCheck });
    return yield* verifyLedger(() => reader.snapshot(), { ...options, selfCheck });
  }

  async function* verify(options: RunOptions): AsyncGenerator<Progress, VerificationReport, void> {
    const started = Date.now();
    const verification = yield* recompute(options);
    const report: VerificationReport = {
      ...verification,
      startedAt: instantFromMs(started),
      durationMs: Date.now() - started,
    };
    // a part without findings takes back none, and one that is not there is the asker's mistake
    if (isOfAll(options) || report.findingsTotal > 0) last = summaryOf(report);
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

function isOfAll(options: RunOptions): boolean {
  if (options.mode === 'deep') return true;
  return [options.source, options.fromIndex, options.toIndex].every((narrowing) => narrowing === undefined);
}

function summaryOf(report: VerificationReport): VerificationSummary {
  return Object.fromEntries(
    Object.entries(report).filter(([name]) => name !== 'findings'),
  ) as unknown as VerificationSummary;
}
