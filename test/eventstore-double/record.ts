/** What the double keeps: one record of the log, as the server's chunk files hold it, and what is proposed to it. */
import { randomUUID } from 'node:crypto';

export interface LogRecord {
  /** where it begins in the log, in bytes: commit and prepare position both */
  readonly position: number;
  readonly stream: string;
  readonly revision: bigint;
  /** lower-case UUID */
  readonly id: string;
  readonly type: string;
  /** content type application/json; else application/octet-stream */
  readonly json: boolean;
  readonly data: Buffer;
  /** empty and absent look the same, as on the wire */
  readonly metadata: Buffer;
  /** 100 ns ticks since 1970 */
  readonly created: bigint;
  /** readers see it: an empty append consumes a position and shows nothing, a scavenge leaves a hole */
  readonly visible: boolean;
}

/** What an append brings: everything of a record that its writer chooses. */
export type ProposedRecord = Pick<LogRecord, 'id' | 'type' | 'json' | 'data' | 'metadata'>;

/** Where the writer believes the stream to stand. */
export type ExpectedRevision = 'any' | 'no_stream' | 'stream_exists' | bigint;

/** Revision of a tombstone, and `$tb` of a soft deletion: the largest 64-bit number. */
export const DELETED = 9_223_372_036_854_775_807n;

/** What another program appends: any stream, any type, any bytes; a new id and JSON unless said otherwise. */
export function proposed(parts: {
  readonly id?: string;
  readonly type?: string;
  readonly json?: boolean;
  readonly data?: Buffer | string;
  readonly metadata?: Buffer | string;
}): ProposedRecord {
  return {
    id: parts.id ?? randomUUID(),
    type: parts.type ?? 'user.login',
    json: parts.json ?? true,
    data: Buffer.from(parts.data ?? '{"user":"ada"}'),
    metadata: Buffer.from(parts.metadata ?? ''),
  };
}

/** The stream that holds another's metadata. */
export function metastreamOf(stream: string): string {
  return `$$${stream}`;
}

/** The stream whose metadata this one holds, null when it holds none. */
export function originalOf(stream: string): string | null {
  return stream.startsWith('$$') ? stream.slice(2) : null;
}
