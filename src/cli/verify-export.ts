/** `event-ledger verify-export`: checks an export offline, with nothing but the file. */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import type { Command } from 'commander';
import { LedgerError } from '../ledger/error.js';
import { EXIT, type ExitCode } from './exit.js';
