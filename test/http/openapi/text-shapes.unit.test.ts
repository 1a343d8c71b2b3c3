import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { fullFormats } from 'ajv-formats/dist/formats.js';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { readEnvelope } from '../../../src/http/envelope.js';
import { nameProblem, textProblem } from '../../../src/ledger/name.js';
import { readCarefully } from '../../../src/ledger/strict-json.js';
import type { Json } from '../../../src/ledger/types.js';
import { describeApi } from '../../api-document/document.js';

describe('what /openapi.json says of an event', () => {
  let described: (shape: string) => ValidateFunction;

  beforeAll(async () => {
    const { components } = await describeApi('0.0.0');
    const ajv = new Ajv2020({ strict: false, validateSchema: false, formats: fullFormats });
    ajv.addSchema({ $id: 'document', components });
    described = (shape) => ajv.compile({ $ref: `document#/components/schemas/${shape}` });
  });

  /** Characters that are told apart, and not the astral noncharacters, which a pattern cannot name everywhere. */
  const character = fc.oneof(
    fc.constantFrom('a', '.', '~', '$', '_', ' ', '\u0000', '\u0085', '\u009f', '\u00a0', '\u3000', '\ufeff'),
    fc.constantFrom('\ufdd0', '\ufdef', '\uffff', '\ufffd', '\ud7ff', '\ue000', 'é', '😀'),
    fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 1 }),
  );
  const text = fc.oneof(
    fc.string({ unit: character, maxLength: 4 }),
    fc.nat(600).map((n) => 'x'.repeat(n)),
  );

  it('names and texts are those that the door takes', () => {
    const [isName, isText] = [described('Name'), described('Text')];
    fc.assert(
      fc.property(text, (value) => {
        expect([isName(value), isText(value)]).toEqual([
          nameProblem(value) === null,
          textProblem(value) === null,
        ]);
      }),
      { numRuns: 3_000 },
    );
  });

  it('JSON is I-JSON as it is read, and larger integers are the only ones that it does not tell', () => {
    const isIJson = described('IJson');
    const scalar = fc.oneof(text, fc.boolean(), fc.constant(null), fc.maxSafeInteger(), fc.double());
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        scalar,
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(fc.oneof(text, fc.constant('__proto__')), tie('value'), { maxKeys: 3 }),
      ),
    }));
    fc.assert(
      fc.property(value, (one) => {
        const written = JSON.stringify(one);
        const read = readCarefully(Buffer.from(written), { maxDepth: 64 });
        const isLarge = /(?<!["\w.])-?\d{16,}|e\+/.test(written);
        if (!isLarge) expect(isIJson(JSON.parse(written)), written).toBe(read.ok);
      }),
      { numRuns: 2_000 },
    );
  });

  it('an event is described as the door takes it, but for sizes in bytes', () => {
    const isEvent = described('Event');
    const member = fc.oneof(
      text,
      fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-01t00:00:00.5+01:00', '2026-02-30T00:00:00Z', null, 7),
      fc.array(fc.constantFrom(1, 'x'), { maxLength: 2 }),
    );
    const names = ['id', 'source', 'type', 'payload', 'timestamp', 'actor', 'subject', 'context', 'other'];
    const changes = fc.dictionary(fc.constantFrom(...names), member, { maxKeys: 3 });
    fc.assert(
      fc.property(changes, fc.subarray(names), (change, removed) => {
        const event = { source: 's', type: 't', payload: 1, ...change } as Record<string, Json>;
        for (const name of removed.slice(0, 1)) Reflect.deleteProperty(event, name);
        const document = readCarefully(Buffer.from(JSON.stringify(event)), { maxDepth: 65 });
        const read = document.ok ? readEnvelope(document.value, null) : { code: 'not-i-json' };
        const isTaken = !('code' in read) || read.code === 'reserved-source';
        expect(isEvent(event), JSON.stringify(event)).toBe(isTaken);
      }),
      { numRuns: 2_000 },
    );
  });
});
