/** pg's rejections as LedgerErrors of the read model. */
import { storeError } from '../postgres/errors.js';

export async function said<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    throw storeError(error, 'store-unavailable');
  }
}

export async function* inOurWords<Item>(items: AsyncIterable<Item>): AsyncGenerator<Item> {
  try {
    yield* items;
  } catch (error) {
    throw storeError(error, 'store-unavailable');
  }
}
