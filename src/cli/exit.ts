/** Exit codes of all commands (docs/commands.md). They are part of the interface: scripts rely on them. */
import { CommanderError } from 'commander';
import { LedgerError, type LedgerErrorCode } from '../ledger/error.js';

export const EXIT = {
  /** done, or intact */
  done: 0,
  /** findings, or refused events */
  findings: 1,
  /** wrong usage or bad input */
  usage: 2,
  /** something it needs is not available */
  unavailable: 3,
  /** a bug of ours */
  bug: 4,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const BY_ERROR: Readonly<Record<LedgerErrorCode, ExitCode>> = {
  'invalid-input': EXIT.usage,
  'invalid-configuration': EXIT.usage,
  'access-denied': EXIT.usage,
  'log-unavailable': EXIT.unavailable,
  'log-uncertain': EXIT.unavailable,
  'log-diverged': EXIT.unavailable,
  'store-unavailable': EXIT.unavailable,
  'server-unavailable': EXIT.unavailable,
  fenced: EXIT.unavailable,
  'schema-version': EXIT.unavailable,
  'in-use': EXIT.unavailable,
  'too-slow': EXIT.unavailable,
  internal: EXIT.bug,
};

/** The code for an error that ended a command, and what to print about it. */
export function explainFailure(error: unknown): { readonly code: ExitCode; readonly message: string } {
  if (error instanceof CommanderError) {
    return { code: error.exitCode === 0 ? EXIT.done : EXIT.usage, message: '' };
  }
  if (error instanceof LedgerError) {
    const code = BY_ERROR[error.code];
    return { code, message: code === EXIT.bug ? trace(error) : error.message };
  }
  return { code: EXIT.bug, message: trace(error) };
}

function trace(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `This is a bug in event-ledger; please report it.\n${text}`;
}
