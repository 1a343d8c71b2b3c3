/**
 * Texts and JSON as the door takes them (ledger/name.ts, ledger/strict-json.ts), as JSON Schema: by it a program knows
 * before it asks. What a schema cannot say is said in words: sizes in bytes, levels, and astral noncharacters.
 */
import { Type } from './json-schema.js';

const CONTROL = '\\u0000-\\u001f\\u007f-\\u009f';
const NONCHARACTER = '\\ufdd0-\\ufdef\\ufffe\\uffff';
/** What ECMAScript's `trim` removes, but for what is a control character. */
const SPACE = '\\u0020\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff';

const NOT_IN_TEXT = `${CONTROL}${NONCHARACTER}`;
const NOT_AT_AN_END = `${SPACE}${NOT_IN_TEXT}`;
/** A text that may be empty. */
export const NO_CONTROLS = { pattern: `^[^${NOT_IN_TEXT}]*$` };

const IJSON_TEXT = { pattern: `^[^\\u0000${NONCHARACTER}]*$` };

/** A source, a type. */
export const name = (description: string) => Type.String({ title: 'Name', description });

/** An id, an actor, a subject. */
export const text = (description: string) => Type.String({ title: 'Text', description });

/** The name of a principal that has a credential: what goes before a colon in HTTP Basic, and is nobody else's. */
export const principalName = (description: string) => ({
  ...text(description),
  pattern: `^[^:${NOT_AT_AN_END}]([^:${NOT_IN_TEXT}]*[^:${NOT_AT_AN_END}])?$`,
  not: { pattern: '^(admin|event-ledger( .*)?)$' },
});

/** JSON that everybody reads as the same value (RFC 7493). */
export const ijson = (description: string) => Type.Unknown({ title: 'IJson', description });

/** What these are called by, among the components of /openapi.json. */
export const GIVEN_SHAPES = {
  Name: {
    description:
      '1–512 bytes of UTF-8 without control characters, noncharacters, or white space at the ends; not `.` or `..`, and ' +
      'not beginning with `~` or `$`',
    type: 'string',
    minLength: 1,
    maxLength: 512,
    pattern: `^[^~$${NOT_AT_AN_END}]([^${NOT_IN_TEXT}]*[^${NOT_AT_AN_END}])?$`,
    not: { enum: ['.', '..'] },
  },
  Text: {
    description: '1–512 bytes of UTF-8 without control characters and noncharacters',
    type: 'string',
    minLength: 1,
    maxLength: 512,
    pattern: `^[^${NOT_IN_TEXT}]+$`,
  },
  IJson: {
    description:
      'I-JSON (RFC 7493), of at most 64 levels. Larger integers are taken, too, where they are written with the digits ' +
      'that a double has of them.',
    anyOf: [
      { type: 'null' },
      { type: 'boolean' },
      { type: 'integer', minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER },
      { type: 'number', not: { type: 'integer' } },
      { type: 'string', ...IJSON_TEXT },
      { type: 'array', items: { $ref: '#/components/schemas/IJson' } },
      {
        type: 'object',
        propertyNames: { ...IJSON_TEXT, not: { enum: ['__proto__'] } },
        additionalProperties: { $ref: '#/components/schemas/IJson' },
      },
    ],
  },
};
