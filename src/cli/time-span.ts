/** Spans of time as arguments. */
import { LedgerError } from '../ledger/error.js';

const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * @param option its name, for the error
 * @returns milliseconds of `30m`, `12h` or `90d`
 * @throws LedgerError `invalid-input`
 */
export function parseTimeSpan(option: string, text: string): number {
  const [, count, unit = ''] = /^([1-9]\d{0,4})([mhd])$/.exec(text) ?? [];
  const unitMs = UNIT_MS[unit];
  if (count !== undefined && unitMs !== undefined) return Number(count) * unitMs;
  throw new LedgerError('invalid-input', `${option} ${text}: must be a span of time such as 90d, 12h or 30m`);
}
