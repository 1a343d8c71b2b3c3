import type { Command } from 'commander';
import type { ExitCode } from './exit.js';
export function addRebuild(
  _program: Command,
  _run: (action: () => Promise<ExitCode>) => Promise<void>,
): void {}
