import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nameProblem } from '../../src/ledger/name.js';
import { fileNameOf, typeOfFile } from '../../src/schemas/file-name.js';

describe('the name of a schema file', () => {
  it.each([
    ['customer.billed', 'customer.billed.schema.json'],
    ['_default', '_default.schema.json'],
    ['a/b\\c', 'a%2Fb%5Cc.schema.json'],
    ['50% off: é', '50%25%20off%3A%20%C3%A9.schema.json'],
  ])('of type %s is %s', (type, name) => {
    expect(fileNameOf(type)).toBe(name);
    expect(typeOfFile(name)).toBe(type);
  });

  it('belongs to one type', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }), (type) => {
        fc.pre(nameProblem(type) === null);
        expect(fileNameOf(type)).toMatch(/^[A-Za-z0-9._%-]+$/);
        expect(typeOfFile(fileNameOf(type))).toBe(type);
      }),
    );
  });

  it.each([
    'customer.billed.json',
    '.schema.json',
    '..schema.json',
    'a b.schema.json',
    'a%2fb.schema.json',
    '%61.schema.json',
    '%FF.schema.json',
    '%.schema.json',
    '%00.schema.json',
    '~a.schema.json',
  ])('%s is that of none', (name) => {
    expect(typeOfFile(name)).toBeNull();
  });
});
