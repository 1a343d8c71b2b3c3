/** Credentials as JSON Schema: as they are wanted, and what may be told of them. */
import { CONFIGURED_ADMIN, MOST_SOURCES } from '../access/credential.js';
import { ROLES, WITH_SOURCES, type Role } from '../access/principal.js';
import { Type } from './json-schema.js';
import { MAX_CREDENTIAL_SECONDS } from './limits.js';
import { closed, InstantText, named, orNull } from './shape-parts.js';
import { name, principalName } from './text-shapes.js';

export const CREDENTIAL_ID = /^[0-9a-f]{12}$/;

const IdText = Type.String({ pattern: CREDENTIAL_ID.source, description: '12 hex digits; no secret' });
export const CredentialIdInPath = Type.String({
  pattern: CREDENTIAL_ID.source,
  description: 'the id of the credential',
});

const Kind = (description: string, more: object = {}) =>
  Type.Enum(['key', 'password'], { description, ...more });
const RoleName = Type.Enum([...ROLES]);

const seconds = (description: string, least: number) =>
  Type.Integer({ minimum: least, maximum: MAX_CREDENTIAL_SECONDS, description });

export const CredentialShape = named(
  'Credential',
  closed({
    id: IdText,
    name: Type.String({ description: "the principal's: what it records is `recordedBy` this" }),
    roles: Type.Array(RoleName),
    sources: Type.Array(Type.String(), { description: 'patterns: what a writer writes to, a reader reads' }),
    kind: Kind('a key goes as Bearer, a password with the name as Basic'),
    createdAt: InstantText,
    expiresAt: orNull(InstantText),
    lastUsedAt: orNull(InstantText),
    revokedAt: orNull(InstantText),
  }),
);

const SourcePatterns = Type.Array(
  { ...name('a source, or a beginning and a star: `billing.*`'), pattern: '^[^*]*\\*?$' },
  { maxItems: MOST_SOURCES, description: 'for writers and readers, who need some, and nobody else' },
);

const hasRole = (...roles: readonly Role[]) => ({
  properties: { roles: { contains: { enum: roles } } },
  required: ['roles'],
});

/** Which sources go with which roles. */
const SOURCES_FIT = {
  if: hasRole(...WITH_SOURCES),
  then: { properties: { sources: { minItems: 1 } }, required: ['sources'] },
  else: { properties: { sources: { maxItems: 0 } } },
  // nobody writes to the ledger's own
  not: {
    not: hasRole('reader'),
    properties: { sources: { contains: { pattern: '^_' } } },
    required: ['sources'],
  },
};

export const WantedCredentialShape = named('WantedCredential', {
  ...closed({
    name: principalName(`the principal's: no colon, no white space at its ends, not ${CONFIGURED_ADMIN}`),
    roles: Type.Array(RoleName, { minItems: 1, uniqueItems: true }),
    sources: Type.Optional(SourcePatterns),
    kind: Type.Optional(Kind('what is made', { default: 'key' })),
    lifetimeSeconds: Type.Optional(orNull(seconds('until it expires; null, or left out: it never does', 1))),
  }),
  ...SOURCES_FIT,
});

export const RotationShape = named(
  'Rotation',
  closed({
    overlapSeconds: Type.Optional(seconds('how long the old key still works; a password ends at once', 0)),
  }),
);

export const IssuedCredentialShape = named(
  'IssuedCredential',
  closed({
    credential: CredentialShape,
    secret: Type.String({ description: 'the whole key, `el_…`, or the password: it is never shown again' }),
  }),
);
