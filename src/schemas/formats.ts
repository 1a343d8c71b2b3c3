/**
 * The formats of judge 1: those of JSON Schema 2020-12 that ajv-formats knows, each measured to take linear time.
 * The internationalised ones are not among them: they depend on the version of Unicode.
 */
import { fullFormats, type DefinedFormats } from 'ajv-formats/dist/formats.js';
import { compilePattern } from './pattern/pattern.js';
import { PatternRefused } from './pattern/syntax.js';
import type { Work } from './work.js';

const FROM_AJV_FORMATS = [
  'date',
  'date-time',
  'duration',
  'email',
  'hostname',
  'ipv4',
  'ipv6',
  'json-pointer',
  'relative-json-pointer',
  'time',
  'uri',
  'uri-reference',
  'uri-template',
  'uuid',
] as const;

export const FORMATS: ReadonlySet<string> = new Set([...FROM_AJV_FORMATS, 'regex']);

/** Nothing longer has a format: beyond this the stack of an ordinary regular expression engine is at stake. */
const LONGEST = 65_536;

/** What it costs to look whether a text is a pattern, and how long that may take. */
const STEPS_OF_A_PATTERN = 2000;
const PATTERN_CHECK_STEPS = 5000;

/** The formats as functions that count their work. */
export function formatsFor(work: Work): Record<string, (text: string) => boolean> {
  const formats: Record<string, (text: string) => boolean> = {};
  const add = (name: string, matches: (text: string) => boolean): void => {
    formats[name] = (text) => {
      work.spend(text.length);
      return text.length <= LONGEST && matches(text);
    };
  };
  for (const name of FROM_AJV_FORMATS) add(name, matcherOf(fullFormats[name]));
  add('regex', (text) => {
    work.spend(STEPS_OF_A_PATTERN);
    return isPattern(text);
  });
  return formats;
}

function matcherOf(format: DefinedFormats[keyof DefinedFormats]): (text: string) => boolean {
  if (format instanceof RegExp) return (text) => format.test(text);
  if (typeof format === 'function') return (text) => format(text);
  if (typeof format === 'object' && 'validate' in format) {
    return matcherOf(format.validate as DefinedFormats[keyof DefinedFormats]);
  }
  throw new TypeError('ajv-formats is not of the version that judge 1 is made of');
}

/** Whether a text is a pattern that a schema of this judge may have. */
function isPattern(text: string): boolean {
  try {
    compilePattern(text, { steps: PATTERN_CHECK_STEPS });
    return true;
  } catch (error) {
    if (error instanceof PatternRefused) return false;
    throw error;
  }
}
