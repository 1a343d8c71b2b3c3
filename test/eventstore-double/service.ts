/** What every service of the double works with, and how its handlers become those of gRPC. */
import type {
  handleClientStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  sendUnaryData,
  ServerWritableStream,
} from '@grpc/grpc-js';
import type { Access } from './access.js';
import type { DoubleLog } from './double-log.js';
import type { Endable, Faults } from './faults.js';
import { Refusal, unknown } from './refusal.js';

export interface Service {
  readonly log: DoubleLog;
  readonly faults: Faults;
  readonly access: Access;
  readonly subscriptions: Set<Endable>;
  /** where clients reach the double */
  readonly port: () => number;
  /** bytes that one append may bring */
  readonly appendLimit: number;
  /** the limit counts type and metadata, too, as newer versions of the server do; else data alone */
  readonly limitCountsEverything: boolean;
}

/** The part of a call that handlers look at. */
export interface Caller {
  readonly metadata: Parameters<Access['check']>[0];
  getPeer(): string;
}

export function unary<Request, Response>(
  service: Service,
  handle: (request: Request, caller: Caller) => Response | Promise<Response>,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    void answer(service, callback, () => handle(call.request, call));
  };
}

export function collected<Request, Response>(
  service: Service,
  handle: (requests: readonly Request[], caller: Caller) => Promise<Response>,
): handleClientStreamingCall<Request, Response> {
  return (call, callback) => {
    const requests: Request[] = [];
    call.on('data', (request: Request) => requests.push(request));
    call.on('end', () => void answer(service, callback, () => handle(requests, call)));
    call.on('error', () => undefined);
  };
}

export function streaming<Request, Response>(
  service: Service,
  handle: (call: ServerWritableStream<Request, Response>) => Promise<void>,
): handleServerStreamingCall<Request, Response> {
  return (call) => {
    void (async () => {
      try {
        await service.faults.linger();
        await handle(call);
      } catch (error) {
        call.emit('error', refusalOf(error));
      }
    })();
  };
}

async function answer<Response>(
  { faults }: Service,
  callback: sendUnaryData<Response>,
  handle: () => Response | Promise<Response>,
): Promise<void> {
  try {
    const response = await handle();
    await faults.linger();
    callback(null, response);
  } catch (error) {
    await faults.linger();
    callback(refusalOf(error));
  }
}

function refusalOf(error: unknown): Refusal {
  return error instanceof Refusal ? error : unknown(String(error));
}
