import type { Json } from './types.js';

/** Whether a JSON value is an object: an array and null are none. */
export function isObject(value: Json | undefined): value is Readonly<Record<string, Json>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
