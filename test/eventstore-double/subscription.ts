/** One subscription: what is there, then what comes, as fast as its consumer takes it. */
import { randomUUID } from 'node:crypto';
import type { ServerWritableStream } from '@grpc/grpc-js';
import type streams from '@eventstore/db-client/generated/streams_pb.js';
import type { LogRecord } from './record.js';
import { consumerTooSlow, type Refusal } from './refusal.js';
import type { Service } from './service.js';
import { caughtUpResponse, checkpointResponse, confirmationResponse, eventResponse } from './wire.js';
import type { UuidForm } from './wire.js';

export interface Subscribed {
  /** index into the log's records of the first one to consider */
  readonly from: number;
  readonly wanted: (record: LogRecord) => boolean;
  readonly uuids: UuidForm;
  /** a checkpoint is sent after so many records were considered; null: never */
  readonly checkpointEvery: number | null;
}

type Call = ServerWritableStream<streams.ReadReq, streams.ReadResp>;

export class Subscription {
  readonly #call: Call;
  readonly #service: Service;
  readonly #options: Subscribed;
  readonly #stopListening: () => void;
  readonly #since = Date.now();
  #next: number;
  #live = false;
  #pumping = false;
  #ended = false;
  #sent = 0;
  #considered = 0;
  /** live events that wait to be sent */
  #behind = 0;
  #wake: () => void = () => undefined;

  constructor(call: Call, service: Service, options: Subscribed) {
    this.#call = call;
    this.#service = service;
    this.#options = options;
    this.#next = options.from;
    this.#stopListening = service.log.onAppend((records) => this.#appended(records));
    service.subscriptions.add(this);
    call.on('drain', () => this.#wake());
    call.on('cancelled', () => this.#over());
    call.on('close', () => this.#over());
    call.write(confirmationResponse(randomUUID()));
    void this.#pump();
  }

  /** End it after what was sent: cleanly, or with a status. */
  end(refusal?: Refusal): void {
    if (this.#ended) return;
    this.#over();
    if (refusal) this.#call.emit('error', refusal);
    else this.#call.end();
  }

  #over(): void {
    this.#ended = true;
    this.#stopListening();
    this.#service.subscriptions.delete(this);
    this.#wake();
  }

  #appended(records: readonly LogRecord[]): void {
    if (this.#live) this.#behind += records.filter((record) => this.#wants(record)).length;
    void this.#pump();
    const { behind = Infinity } = this.#service.faults.slowConsumers;
    if (this.#behind > behind) this.end(consumerTooSlow('while live'));
  }

  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    for (let record = this.#take(); record && !this.#ended; record = this.#take()) {
      if (this.#wants(record) && !this.#send(record)) await this.#drained();
      this.#count(record);
    }
    this.#pumping = false;
    if (!this.#live && !this.#ended) this.#goLive();
  }

  #take(): LogRecord | undefined {
    const record = this.#service.log.records[this.#next];
    if (record) this.#next += 1;
    return record;
  }

  #wants(record: LogRecord): boolean {
    return record.visible && this.#options.wanted(record);
  }

  /** @returns false when the consumer must be waited for */
  #send(record: LogRecord): boolean {
    const taken = this.#call.write(eventResponse(record, this.#options.uuids));
    if (this.#live) this.#behind -= 1;
    this.#sent += 1;
    const { events = Infinity, milliseconds = Infinity } = this.#service.faults.slowConsumers;
    const isDue = this.#sent >= events || Date.now() - this.#since >= milliseconds;
    if (isDue) this.end(consumerTooSlow(this.#live ? 'while live' : 'transitioning to live'));
    return taken || this.#ended;
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }

  #count(record: LogRecord): void {
    const { checkpointEvery } = this.#options;
    this.#considered += 1;
    if (checkpointEvery === null || this.#considered % checkpointEvery !== 0 || this.#ended) return;
    this.#call.write(checkpointResponse(record.position));
  }

  #goLive(): void {
    this.#live = true;
    const newest = this.#service.log.records[this.#next - 1];
    if (this.#options.checkpointEvery !== null && this.#considered > 0 && newest) {
      this.#call.write(checkpointResponse(newest.position));
    }
    this.#call.write(caughtUpResponse());
  }
}
