/** Requests of every kind that an API on a network is sent by those who mean it no good. */
import fc from 'fast-check';
import type { OpenApi } from '../open-api.js';
import { describedRequests } from '../open-api-requests.js';
import { framed } from './framing.js';
import { inBody, inBytes, inEncoding, inFields, inUrl, tooLarge } from './mutations.js';
import { bytesOf, rawRequest, reportOf, type RawRequest } from './raw-request.js';

export interface HostileRequest {
  readonly kind: string;
  readonly bytes: Buffer;
}

/** Of what reads the whole ledger there are fewer: what takes long is not what is looked for. */
const RARE: ReadonlySet<string> = new Set(['exportLedger', 'verifyLedger', 'tailEvents']);

/**
 * @param document of the API
 * @param authorization good credentials: most of what is hostile must come so far that it could do harm
 */
export function hostileRequests(document: OpenApi, authorization: string): fc.Arbitrary<HostileRequest> {
  const { requestsOf, spoilt } = describedRequests(document);
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const each = (
    make: (one: (typeof operations)[number]) => fc.Arbitrary<RawRequest>,
  ): fc.Arbitrary<RawRequest> =>
    fc.oneof(
      ...operations.map((one) => ({
        arbitrary: make(one),
        weight: RARE.has(one.operation.operationId ?? '')
          ? 1
          : one.operation.requestBody === undefined
            ? 8
            : 40,
      })),
    );
  const described = each((one) =>
    requestsOf(one.operation).map((request) => rawRequest(authorization, one, request)),
  );
  const wrong = each((one) =>
    requestsOf(one.operation).chain((request) =>
      spoilt(request, one.operation).map((bad) => rawRequest(authorization, one, bad ?? request)),
    ),
  );
  const report = fc.constant(reportOf(authorization));
  const good = fc.oneof({ arbitrary: described, weight: 3 }, { arbitrary: report, weight: 1 });
  // what is hidden behind a tail is never answered, as that has no end
  const ending = good.filter(({ target }) => !target.startsWith('/v1/events/stream'));
  const names = [...new Set(operations.flatMap(({ operation }) => operation.parameters ?? []))].map(
    ({ name }) => name,
  );

  const kind = (name: string, weight: number, bytes: fc.Arbitrary<Buffer>) => ({
    arbitrary: bytes.map((all) => ({ kind: name, bytes: all })),
    weight,
  });
  const whole = (requests: fc.Arbitrary<RawRequest>): fc.Arbitrary<Buffer> => requests.map(bytesOf);
  return fc.oneof(
    kind('as described', 6, whole(described)),
    kind('not as described', 12, whole(wrong)),
    kind('url', 16, whole(inUrl(good, names))),
    kind('fields', 14, whole(inFields(good))),
    kind('json', 14, whole(inBody(good))),
    kind('encoding', 8, whole(inEncoding(good))),
    kind('framing', 16, framed(ending, authorization)),
    kind('bytes', 14, inBytes(good)),
    kind('too large', 1, whole(tooLarge(report))),
    kind('all at once', 6, inBytes(inFields(inBody(inUrl(good, names))))),
  );
}
