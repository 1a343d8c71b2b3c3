/** Requests as bytes on a socket, so that also what no client library would send can be sent. */
import { event } from '../api.js';
import type { Operation } from '../open-api.js';
import { written, type DescribedRequest } from '../open-api-requests.js';
import { encoded } from './texts.js';

export interface RawRequest {
  readonly method: string;
  readonly target: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

/** So that a ledger full of schemas that were made up is not what is measured. */
const SCHEMAS = 5;

/** @param authorization the field that lets it in */
export function rawRequest(
  authorization: string,
  { method, path, operation }: { method: string; path: string; operation: Operation },
  { parameters, body }: DescribedRequest,
): RawRequest {
  const query = new URLSearchParams();
  const fields: (readonly [string, string])[] = [['authorization', authorization]];
  if (body !== undefined) fields.push(['content-type', body.type]);
  let target = path;
  for (const [{ name, in: place }, value] of parameters) {
    for (const [key, text] of written(name, value)) {
      if (place === 'path') target = target.replace(`{${key}}`, encoded(text));
      else if (place === 'header') fields.push([key, text.replace(/[^\x20-\x7e]/g, '')]);
      else query.append(key, text);
    }
  }
  if (operation.operationId === 'registerSchema') {
    target = `/v1/schemas/hostile-${Buffer.byteLength(target) % SCHEMAS}`;
  }
  return {
    method: method.toUpperCase(),
    target: query.size === 0 ? target : `${target}?${query.toString()}`,
    fields,
    body: body === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(body.value)),
  };
}

/** An event that is as it should be: what it is sent in may not be. */
export function reportOf(authorization: string, members: Record<string, unknown> = {}): RawRequest {
  return {
    method: 'POST',
    target: '/v1/events',
    fields: [
      ['authorization', authorization],
      ['content-type', 'application/json'],
    ],
    body: Buffer.from(JSON.stringify(event({ source: 'hostile', ...members }))),
  };
}

/** Without what says how long the body is. */
export function headOf({ method, target, fields }: RawRequest): string {
  const lines = [['host', 'x'] as const, ['connection', 'close'] as const, ...fields].map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  return `${method} ${target} HTTP/1.1\r\n${lines.join('')}`;
}

export function bytesOf(request: RawRequest): Buffer {
  const { body, method } = request;
  const hasBody = body.length > 0 || method === 'POST' || method === 'PUT';
  const length = hasBody ? `content-length: ${body.length}\r\n` : '';
  return Buffer.concat([Buffer.from(`${headOf(request)}${length}\r\n`, 'latin1'), body]);
}

export function withField(request: RawRequest, name: string, value: string): RawRequest {
  const others = request.fields.filter(([known]) => known !== name.toLowerCase());
  return { ...request, fields: [...others, [name, value]] };
}
