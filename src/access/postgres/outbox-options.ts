import type { BaseLogger } from 'pino';

export interface OutboxOptions {
  /** a login of the group `api` */
  readonly url: string;
  readonly logger: Pick<BaseLogger, 'error' | 'warn' | 'info'>;
}
