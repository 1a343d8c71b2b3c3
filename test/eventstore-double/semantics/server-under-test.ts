/** What the semantics suite asks of a server: an address, and nothing that a real one could not give. */
import { randomUUID } from 'node:crypto';
import type { ServiceError } from '@grpc/grpc-js';
import type { RawClient } from '../raw-client.js';

export interface ServerUnderTest {
  readonly url: () => string;
  readonly client: () => RawClient;
}

/** A stream name of its own for each test: a real server keeps those of earlier runs. */
export function newStream(): string {
  return `ledger-semantics-${randomUUID()}`;
}

/** What a call was refused with: gRPC code, and the trailer that names the exception. */
export async function refusal(
  call: Promise<unknown>,
): Promise<{ readonly code: number; readonly exception?: string }> {
  try {
    await call;
  } catch (error) {
    const { code, metadata } = error as ServiceError;
    const exception = metadata.get('exception')[0]?.toString();
    return { code, ...(exception === undefined ? {} : { exception }) };
  }
  throw new Error('the call was not refused');
}
