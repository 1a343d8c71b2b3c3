import { describe, expect, it } from 'vitest';
import { describeReport } from '../../src/cli/verify.js';
import type { VerificationReport } from '../../src/ledger/finding.js';
import { NO_HASH } from '../../src/ledger/types.js';

const REPORT: VerificationReport = {
  intact: false,
  mode: 'full',
  range: { fromIndex: 5, toIndex: 5 },
  checked: 0,
  size: 5,
  head: NO_HASH,
  findings: [],
  findingsTotal: 0,
  notChecked: ['entries beyond 5: the ledger ends there'],
  startedAt: '2026-11-20T10:00:00.000Z',
  durationMs: 1,
};

describe('what verify tells a person', () => {
  it('is of a verification that found nothing, but did not read all, that it did not check', () => {
    const text = describeReport(REPORT);
    expect(text).toMatch(/^NOT CHECKED/);
    expect(text).not.toContain('INTACT');
    expect(text).toContain('not checked: entries beyond 5');
  });
});
