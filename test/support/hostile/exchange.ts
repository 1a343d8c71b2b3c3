/** What comes back from a socket: answers taken apart, and which events they acknowledge. */
import { connect } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  /** lower-case names */
  readonly fields: ReadonlyMap<string, string>;
  readonly body: string;
}

export interface Exchange {
  readonly answers: readonly RawAnswer[];
  /** what is no answer, such as half of one */
  readonly rest: string;
  readonly ms: number;
  readonly end: 'closed' | 'left' | 'timeout';
}

/** An answer that has no end. */
const TAIL = /^HTTP\/1\.1 200(?:(?!\r\n\r\n)[^])*content-type: text\/event-stream/;

/** Send bytes, say that nothing follows, and take what comes until the server closes. */
export function exchange(port: number, bytes: Buffer, limitMs: number): Promise<Exchange> {
  return new Promise((resolve) => {
    const started = performance.now();
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const chunks: Buffer[] = [];
    let end: Exchange['end'] = 'closed';
    const leave = (why: Exchange['end']): void => {
      end = why;
      socket.destroy();
    };
    const timer = setTimeout(() => leave('timeout'), limitMs);
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      if (chunks.length === 1 && TAIL.test(chunk.toString('latin1'))) leave('left');
    });
    socket.on('end', () => socket.destroy());
    // a reset by the server after its answer: what was received counts
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve({ ...answersIn(Buffer.concat(chunks)), ms: performance.now() - started, end });
    });
    socket.end(bytes);
  });
}

export function answersIn(bytes: Buffer): Pick<Exchange, 'answers' | 'rest'> {
  const answers: RawAnswer[] = [];
  let rest = bytes;
  for (;;) {
    const headEnd = rest.indexOf('\r\n\r\n');
    const [line = '', ...lines] = rest.subarray(0, Math.max(headEnd, 0)).toString('latin1').split('\r\n');
    const [, status] = /^HTTP\/1\.1 (\d{3})(?: |$)/.exec(line) ?? [];
    if (status === undefined) return { answers, rest: rest.toString('latin1') };
    const fields = new Map(
      lines.map((field) => {
        const [, name = '', value = ''] = /^([^:]*): ?(.*)$/.exec(field) ?? [];
        return [name.toLowerCase(), value] as const;
      }),
    );
    const { body, next } = bodyIn(rest.subarray(headEnd + 4), fields);
    answers.push({ status: Number(status), fields, body: body.toString() });
    rest = next;
  }
}

function bodyIn(rest: Buffer, fields: ReadonlyMap<string, string>): { body: Buffer; next: Buffer } {
  // HEAD, and 100 Continue
  if (rest.length === 0 || rest.subarray(0, 9).toString() === 'HTTP/1.1 ')
    return { body: Buffer.alloc(0), next: rest };
  if (fields.get('transfer-encoding') !== 'chunked') {
    const length = Number(fields.get('content-length') ?? rest.length);
    return { body: rest.subarray(0, length), next: rest.subarray(length) };
  }
  const parts: Buffer[] = [];
  let at = rest;
  for (;;) {
    const lineEnd = at.indexOf('\r\n');
    const size = lineEnd === -1 ? 0 : Number.parseInt(at.subarray(0, lineEnd).toString(), 16);
    parts.push(at.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = at.subarray(lineEnd + 2 + size + 2);
    if (size === 0 || at.length === 0) return { body: Buffer.concat(parts), next: at };
  }
}

export interface Acknowledged {
  /** ids of events */
  readonly events: readonly string[];
  /** revisions of schemas */
  readonly schemas: readonly number[];
}

/** What an answer says is recorded; whatever only shows or refuses an event says nothing. */
export function acknowledgedIn({ status, fields, body }: RawAnswer): Acknowledged {
  const nothing: Acknowledged = { events: [], schemas: [] };
  const isJson = fields.get('content-type')?.startsWith('application/json') === true;
  if (status < 200 || status > 299 || !isJson || body === '') return nothing;
  const value = JSON.parse(body) as Record<string, unknown>;
  if (Array.isArray(value.results)) {
    const items = value.results as readonly { status: number; eventId?: string }[];
    const taken = items.filter((item) => item.status < 300).map(({ eventId = '' }) => eventId);
    return { ...nothing, events: taken };
  }
  if (typeof value.type === 'string' && typeof value.schema === 'string' && status === 202)
    return { ...nothing, schemas: [value.revision as number] };
  const says = Object.keys(value).sort().join();
  if (says === 'id') return { ...nothing, events: [value.id as string] };
  const isTaken = ['queued', 'recorded', 'Logged'].includes(String(value.status));
  return isTaken ? { ...nothing, events: [value.eventId as string] } : nothing;
}
