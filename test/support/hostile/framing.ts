/** Bytes that are hardly HTTP, or that two programs would read in two ways. */
import fc from 'fast-check';
import { bytesOf, headOf, reportOf, type RawRequest } from './raw-request.js';

/** Each takes a good request apart, or puts it together, in a way that a proxy before us may read otherwise. */
const FRAMES: readonly ((request: RawRequest, hidden: string) => string)[] = [
  // lengths
  ...[
    '-1',
    '+5',
    '0x10',
    '1e1',
    '5 5',
    '5,5',
    '',
    ' ',
    '99999999999999999999',
    '18446744073709551615',
    '٣',
  ].map(
    (length) => (request: RawRequest) =>
      `${headOf(request)}content-length: ${length}\r\n\r\n${bodyOf(request)}`,
  ),
  (request) => `${headOf(request)}content-length: ${request.body.length + 7}\r\n\r\n${bodyOf(request)}`,
  (request, hidden) => `${headOf(request)}content-length: 3\r\n\r\n${bodyOf(request)}${hidden}`,
  (request, hidden) =>
    `${headOf(request)}content-length: 0\r\ncontent-length: ${hidden.length}\r\n\r\n${hidden}`,
  (request, hidden) => `${headOf(request)}content-length: 0\r\n\r\n${hidden}`,
  (request, hidden) => `${headOf(request).replace('connection: close\r\n', '')}\r\n${hidden}`,
  // lengths and chunks
  ...[
    'chunked',
    'Chunked',
    'chunked, identity',
    'identity, chunked',
    'chunked, chunked',
    'xchunked',
    'chunked\t',
    '\x0bchunked',
    'gzip, chunked',
    '"chunked"',
    'identity',
    'chunked;q=1',
  ].flatMap((coding) => [
    (request: RawRequest, hidden: string) =>
      `${headOf(request)}content-length: ${hidden.length + 5}\r\ntransfer-encoding: ${coding}\r\n\r\n0\r\n\r\n${hidden}`,
    (request: RawRequest, hidden: string) =>
      `${headOf(request)}transfer-encoding: ${coding}\r\n\r\n${chunked(request)}${hidden}`,
    (request: RawRequest) =>
      `${headOf(request)}transfer-encoding: ${coding}\r\ntransfer-encoding: x\r\n\r\n${chunked(request)}`,
  ]),
  (request, hidden) => `${headOf(request)}transfer-encoding : chunked\r\n\r\n${chunked(request)}${hidden}`,
  (request, hidden) => `${headOf(request)} transfer-encoding: chunked\r\n\r\n${chunked(request)}${hidden}`,
  (request, hidden) =>
    `${headOf(request)}x: y\ntransfer-encoding: chunked\r\n\r\n${chunked(request)}${hidden}`,
  (request, hidden) => `${headOf(request)}x: y\rcontent-length: 0\r\n\r\n${hidden}`,
  (request) => `${headOf(request)}transfer-encoding:\r\n chunked\r\n\r\n${chunked(request)}`,
  // chunks
  ...[
    'ffffffffffffffff',
    '10000000000000000',
    '-1',
    '0x5',
    'zz',
    '',
    ' 5',
    '5 ',
    '5;a=b',
    `5;${'x'.repeat(20_000)}`,
    '5\n',
    '00000000000000000005',
  ].map(
    (size) => (request: RawRequest) =>
      `${headOf(request)}transfer-encoding: chunked\r\n\r\n${size}\r\nhello\r\n0\r\n\r\n`,
  ),
  (request) => `${headOf(request)}transfer-encoding: chunked\r\n\r\n${chunked(request, '\n')}`,
  (request) => `${headOf(request)}transfer-encoding: chunked\r\n\r\n5\r\nhelloXX0\r\n\r\n`,
  (request) =>
    `${headOf(request)}transfer-encoding: chunked\r\ntrailer: authorization\r\n\r\n` +
    chunked(request).replace(/\r\n\r\n$/, '\r\nauthorization: x\r\n\r\n'),
  // request lines
  ...[
    'HTTP/0.9',
    'HTTP/1.0',
    'HTTP/1.2',
    'HTTP/2.0',
    'HTTP/9.9',
    'http/1.1',
    'HTTP/1.1 x',
    '',
    'ICE/1.0',
  ].map(
    (version) => (request: RawRequest) => headAs(request, `${request.method} ${request.target} ${version}`),
  ),
  ...[
    'TRACE',
    'CONNECT',
    'PROPFIND',
    'get',
    'QUERY',
    'M-SEARCH',
    'PRI',
    'SOURCE',
    '\0',
    'G\u00c9T',
    'A'.repeat(300),
  ].map((method) => (request: RawRequest) => headAs(request, `${method} ${request.target} HTTP/1.1`)),
  ...[
    '*',
    'http://evil.example/',
    '//evil.example/x',
    'evil.example:443',
    '',
    '?',
    '/%',
    '/%zz',
    '/\0',
    '/ /x',
  ].map((target) => (request: RawRequest) => headAs(request, `${request.method} ${target} HTTP/1.1`)),
  (request) => headAs(request, `${request.method}\t${request.target}\tHTTP/1.1`),
  (request) => headAs(request, ` ${request.method} ${request.target} HTTP/1.1`),
  (request) => `\r\n\r\n\r\n${bytesOf(request).toString('latin1')}`,
  // hosts
  (request) => bytesOf(request).toString('latin1').replace('host: x\r\n', ''),
  (request) => bytesOf(request).toString('latin1').replace('host: x\r\n', 'host: x\r\nhost: y\r\n'),
  (request) => bytesOf(request).toString('latin1').replace('host: x', 'host: \0@[::'),
  // line ends
  (request) => bytesOf(request).toString('latin1').replaceAll('\r\n', '\n'),
  (request) => bytesOf(request).toString('latin1').replaceAll('\r\n', '\r'),
  (request) => bytesOf(request).toString('latin1').replace('\r\n\r\n', '\r\n'),
  // many at once, and none at all
  (request, hidden) =>
    `${headOf(request)}content-length: 0\r\n\r\n`.replace('close', 'keep-alive') + hidden.repeat(3),
  () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x12\x04\0\0\0\0\0',
  () => '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03'.padEnd(517, '\x7f'),
  () => '\0'.repeat(4_096),
  () => '',
  () => '\r\n',
  () => 'GET',
];

function bodyOf({ body }: RawRequest): string {
  return body.toString('latin1');
}

function chunked({ body }: RawRequest, lineEnd = '\r\n'): string {
  const chunk =
    body.length === 0 ? '' : `${body.length.toString(16)}${lineEnd}${body.toString('latin1')}${lineEnd}`;
  return `${chunk}0${lineEnd}${lineEnd}`;
}

function headAs(request: RawRequest, line: string): string {
  return bytesOf(request)
    .toString('latin1')
    .replace(/^[^\r]*/, () => line);
}

/**
 * @param good what a request is made of
 * @param authorization lets the request that is hidden behind it in
 */
export function framed(good: fc.Arbitrary<RawRequest>, authorization: string): fc.Arbitrary<Buffer> {
  const hidden = fc
    .constantFrom(
      reportOf(authorization, { source: 'smuggled' }),
      { ...reportOf('Bearer wrong', { source: 'smuggled' }) },
      {
        method: 'GET',
        target: '/v1/head',
        fields: [['authorization', authorization]] as const,
        body: Buffer.alloc(0),
      },
    )
    .map((request) => bytesOf(request).toString('latin1'));
  return fc
    .tuple(good, fc.constantFrom(...FRAMES), hidden)
    .map(([request, frame, behind]) => Buffer.from(frame(request, behind), 'latin1'));
}
