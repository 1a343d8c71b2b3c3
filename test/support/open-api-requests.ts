/** Requests that are as a description has them, and such as are not, in one place. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { fullFormats } from 'ajv-formats/dist/formats.js';
import fc from 'fast-check';
import { isUri, isUriReference } from '../../src/http/cloudevents/uri.js';
import type { OpenApi, Operation, Parameter, Schema } from './open-api.js';
import { changed, valuesOf } from './open-api-arbitraries.js';

export interface DescribedRequest {
  readonly parameters: readonly (readonly [Parameter, unknown])[];
  readonly body?: { readonly type: string; readonly value: unknown };
}

export interface DescribedRequests {
  /** as the operation describes them */
  readonly requestsOf: (operation: Operation) => fc.Arbitrary<DescribedRequest>;
  /** the same with one part that is not as it is described; null where all that is sent is text, and all texts are */
  readonly spoilt: (request: DescribedRequest, operation: Operation) => fc.Arbitrary<DescribedRequest | null>;
}

// that of ajv-formats takes quotation marks, which RFC 3986 has no place for
const formats = { ...fullFormats, uri: isUri, 'uri-reference': isUriReference };

/** What a URL, header fields and a body are made of. */
export function describedRequests(document: OpenApi): DescribedRequests {
  const ajv = new Ajv2020({ strict: false, validateSchema: false, formats });
  ajv.addSchema({ $id: 'document', components: document.components });
  const compiled = new Map<string, (value: unknown) => boolean>();

  function resolve(schema: Schema): Schema {
    const name = /[^/]+$/.exec((schema.$ref as string | undefined) ?? '')?.[0];
    return name === undefined ? schema : resolve(document.components.schemas?.[name] ?? {});
  }

  function isOf(schema: Schema, value: unknown): boolean {
    const text = JSON.stringify(schema).replaceAll('"#/', '"document#/');
    const known = compiled.get(text) ?? ajv.compile(JSON.parse(text) as Schema);
    compiled.set(text, known);
    return known(value);
  }

  function requestsOf({ parameters = [], requestBody }: Operation): fc.Arbitrary<DescribedRequest> {
    const given = parameters.map((parameter) => {
      const value = valuesOf(parameter.schema, resolve).filter((one) => isOf(parameter.schema, one));
      const some =
        parameter.required === true ? value.filter(isSegment) : fc.option(value, { nil: undefined, freq: 1 });
      return some.map((one) => [parameter, one] as const);
    });
    const bodies = Object.entries(requestBody?.content ?? {})
      .filter(([, { schema }]) => resolve(schema)['x-itemSchema'] === undefined)
      .map(([type, { schema }]) =>
        valuesOf(schema, resolve)
          .filter((value) => isOf(schema, value))
          .map((value) => ({ type, value })),
      );
    return fc
      .tuple(fc.tuple(...given), bodies.length === 0 ? fc.constant(undefined) : fc.oneof(...bodies))
      .map(([all, body]) => ({
        parameters: all.filter(([, value]) => value !== undefined),
        ...(body === undefined ? {} : { body }),
      }));
  }

  function spoilt(
    request: DescribedRequest,
    { requestBody }: Operation,
  ): fc.Arbitrary<DescribedRequest | null> {
    const options: fc.Arbitrary<DescribedRequest | null>[] = [];
    const { body } = request;
    if (body !== undefined) {
      const schema = requestBody?.content[body.type]?.schema ?? {};
      const value = changed(body.value).filter((one) => !isOf(schema, one));
      options.push(value.map((one) => ({ ...request, body: { ...body, value: one } })));
    }
    for (const [at, [parameter]] of request.parameters.entries()) {
      const texts = [
        '',
        'x',
        '-1',
        '1.5',
        '01',
        'null',
        '9'.repeat(20),
        '\u0000',
        ' ',
        '~',
        '$',
        'a..b',
        'a/b/~2',
      ].filter((text) => !isTextOf(parameter.schema, text) && (parameter.in !== 'path' || isSegment(text)));
      if (texts.length === 0) continue;
      options.push(
        fc.constantFrom(...texts).map((text) => ({
          ...request,
          parameters: request.parameters.map((one, index) =>
            index === at ? ([parameter, text] as const) : one,
          ),
        })),
      );
    }
    return options.length === 0 ? fc.constant(null) : fc.oneof(...options);
  }

  /** Whether a value can be written so in a URL. */
  function isTextOf(schema: Schema, text: string): boolean {
    const { type, items } = resolve(schema);
    if (type === 'array') return isTextOf(items as Schema, text);
    // its members are written, each under its own name
    if (type === 'object') return false;
    return isOf(schema, type === 'integer' && /^\d+$/.test(text) ? Number(text) : text);
  }

  return { requestsOf, spoilt };
}

/** A URL has no segment that is empty, or dots. */
function isSegment(value: unknown): boolean {
  return !['', '.', '..'].includes(String(value));
}

/** The style `form`, exploded: items under one name, members under their own. */
export function written(name: string, value: unknown): readonly (readonly [name: string, text: string])[] {
  if (Array.isArray(value)) return value.map((item) => [name, String(item)]);
  if (typeof value !== 'object' || value === null) return [[name, String(value)]];
  return Object.entries(value).map(([member, text]) => [member, String(text)]);
}
