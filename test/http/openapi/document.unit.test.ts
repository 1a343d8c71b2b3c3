import { beforeAll, describe, expect, it } from 'vitest';
import { nameShapes } from '../../../src/http/openapi/named-shapes.js';
import { checkEntry } from '../../../src/ledger/entry-check.js';
import { parseLine } from '../../../src/ledger/line.js';
import { describeApi } from '../../api-document/document.js';
import type { OpenApi } from '../../support/open-api.js';

describe('the document', () => {
  let document: OpenApi;
  beforeAll(async () => {
    document = await describeApi('0.0.0');
  });

  it('shows a line that verifies', () => {
    const line =
      document.paths['/v1/entries/{index}']?.get?.responses[200]?.content?.['application/json']?.example;
    const parsed = parseLine(Buffer.from(JSON.stringify(line)));
    expect(parsed.ok && checkEntry(parsed.entry).differences).toEqual([]);
  });

  it('says of each answer of a route that asks for credentials what it is without them', () => {
    for (const operations of Object.values(document.paths)) {
      for (const { operationId, security, responses } of Object.values(operations)) {
        const isOpen = security?.length === 0;
        expect([operationId, '401' in responses]).toEqual([operationId, !isOpen]);
        if (!isOpen) expect(responses[401]?.headers).toHaveProperty('WWW-Authenticate.required', true);
      }
    }
  });

  it('says of each operation what is answered before there is a route', () => {
    for (const operations of Object.values(document.paths)) {
      for (const { operationId, responses } of Object.values(operations)) {
        expect([operationId, Object.keys(responses)]).toEqual([
          operationId,
          expect.arrayContaining(['400', '417', '431']),
        ]);
        expect(responses[417]?.description).toBe('Problem: expectation-failed');
        expect(responses[431]?.description).toBe('Problem: headers-too-large');
      }
    }
  });

  it('has a name for each shape, and no two shapes of one name', () => {
    const one = { title: 'One', type: 'string' };
    const named = nameShapes({ a: one, b: { items: one }, example: one }, { Given: {} });
    expect(named).toEqual({
      ...{ a: { $ref: '#/components/schemas/One' }, b: { items: { $ref: '#/components/schemas/One' } } },
      ...{ example: one, components: { schemas: { Given: {}, One: { type: 'string' } } } },
    });
    expect(() => nameShapes({ a: one, b: { ...one, maxLength: 1 } }, {})).toThrow(
      'two shapes are called One',
    );
  });
});
