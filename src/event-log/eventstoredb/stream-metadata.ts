/** What the metadata of a stream hide of its events. Pure, and never throws. */
import { parseObject } from './access-lists.js';

export interface Hiding {
  /** `$tb`: lower revisions are hidden, all of them when the stream was deleted; null: none */
  readonly before: number | null;
  /** the stream was deleted softly: it can be written to again */
  readonly deleted: boolean;
  /** `$maxAge`: events that are older than so many seconds are hidden; null: none */
  readonly maxAge: number | null;
  /** `$maxCount`: only so many newest events are shown; null: all */
  readonly maxCount: number | null;
  /** false: something in there is nothing that this program reads, though the server might, and hide events for it */
  readonly understood: boolean;
}

/** `$tb` of a stream that was deleted softly is 2^63 − 1: as JSON.parse rounds it. */
const DELETED = 2 ** 63;

/** @param data of the newest record of the metadata stream: it stands for all before it */
export function hidingIn(data: Buffer): Hiding {
  const metadata = data.length === 0 ? {} : parseObject(data);
  const before = limitIn(metadata?.$tb);
  const maxAge = limitIn(metadata?.$maxAge);
  const maxCount = limitIn(metadata?.$maxCount);
  return {
    before: readable(before),
    deleted: before === DELETED,
    maxAge: readable(maxAge),
    maxCount: readable(maxCount),
    understood: metadata !== null && ![before, maxAge, maxCount].includes('unreadable'),
  };
}

type Limit = number | 'unreadable' | null;

function limitIn(value: unknown): Limit {
  if (value === undefined || value === null) return null;
  return typeof value === 'number' && Number.isInteger(value) ? value : 'unreadable';
}

function readable(limit: Limit): number | null {
  return limit === 'unreadable' ? null : limit;
}
