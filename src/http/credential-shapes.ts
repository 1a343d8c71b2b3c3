/** Credentials as JSON Schema: as they are wanted, and what may be told of them. */
import { CONFIGURED_ADMIN, MOST_SOURCES } from '../access/credential.js';
import { ROLES } from '../access/principal.js';
import { Type } from './json-schema.js';
import { MAX_CREDENTIAL_SECONDS } from './limits.js';
import { closed, InstantText, named, orNull } from './shape-parts.js';
import { name, text } from './text-shapes.js';

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

export const WantedCredentialShape = named(
  'WantedCredential',
  closed({
    name: text(`the principal's name: no colon, and not ${CONFIGURED_ADMIN}`),
    roles: Type.Array(RoleName, { minItems: 1 }),
    sources: Type.Optional(
      Type.Array(name('a source, or a beginning and a star: `billing.*`'), {
        maxItems: MOST_SOURCES,
        description: 'for writers and readers, who need some, and nobody else',
      }),
    ),
    kind: Type.Optional(Kind('what is made', { default: 'key' })),
    lifetimeSeconds: Type.Optional(orNull(seconds('until it expires; null, or left out: it never does', 1))),
  }),
);

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
