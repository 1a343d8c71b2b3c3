/** What this part needs of a logger: the levels it uses. */
import type { BaseLogger } from 'pino';

export type Logger = Pick<BaseLogger, 'warn' | 'info' | 'debug'>;

export const SILENT: Logger = { warn: () => undefined, info: () => undefined, debug: () => undefined };
