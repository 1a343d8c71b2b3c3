import { expect, it } from 'vitest';
import type { Hash, Json } from '../../src/ledger/types.js';
import { CompiledSchemas } from '../../src/schemas/compiled-schemas.js';

it('compiled schemas are kept in bounded room, the ones used last', () => {
  const compiled = new CompiledSchemas();
  const read: string[] = [];
  const use = (name: string, bytes: number): void => {
    const schema = (): Json => {
      read.push(name);
      return { title: name };
    };
    compiled.get(name as Hash, 1, bytes, schema);
  };
  const MiB = 1024 * 1024;
  for (const name of ['a', 'b', 'a', 'c', 'a', 'b', 'c']) use(name, 2 * MiB);
  // `c` took the place of `b`, `b` that of `c`
  expect(read).toEqual(['a', 'b', 'c', 'b', 'c']);
  for (const name of ['large', 'large', 'a']) use(name, 64 * MiB);
  expect(read.slice(5)).toEqual(['large', 'a']);
});
