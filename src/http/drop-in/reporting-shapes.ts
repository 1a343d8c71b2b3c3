/** What each route of these contracts that takes an event says of itself. */
import { MAX_EVENT_BYTES } from '../limits.js';
import { problems } from '../problem-shapes.js';

export const TAKES_ONE = `The body has at most ${MAX_EVENT_BYTES} bytes.`;
export const REFUSALS = problems(400, 409, 413, 415, 422);
