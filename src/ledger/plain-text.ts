/** Regular expressions of JSON texts that are plain to see: how what is usual is told at a glance. */
import { MAX_TEXT_BYTES } from './name.js';
import { INSTANT_FORM } from './time.js';

/** Printable ASCII without what JSON escapes: it stands in JSON as it is. */
const PLAIN = '[ !#-[\\]-~]';

/** A string, also an empty one. */
export const STRING = `"${PLAIN}*"`;

const SHORT = `${PLAIN}{1,${MAX_TEXT_BYTES}}`;

/** A string that may be a short text. */
export const TEXT = `"${SHORT}"`;

/** The same; what it says is captured. */
export const TEXT_SAID = `"(${SHORT})"`;

/** A time with milliseconds; captured. Whether it is one of the calendar is to be looked at yet. */
export const TIME_SAID = `"(${INSTANT_FORM})"`;

/** @returns for null nothing is captured */
export const orNull = (pattern: string): string => `(?:null|${pattern})`;

export const optional = (pattern: string): string => `(?:${pattern})?`;
