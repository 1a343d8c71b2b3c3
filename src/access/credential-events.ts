/** Changes of credentials as events of `_access`. Pure. */
import type { AccessEvent, Doer, JsonObject } from './access-event.js';
import type { CredentialFacts } from './credential.js';

export function credentialAdded(credential: CredentialFacts, by: Doer): AccessEvent {
  return { type: 'credential.added', payload: told(credential), by };
}

export function credentialRevoked(credential: CredentialFacts, by: Doer): AccessEvent {
  return { type: 'credential.revoked', payload: told(credential), by };
}

/** @param ending the one in whose place it is: revoked, or about to expire */
export function credentialRotated(
  credential: CredentialFacts,
  ending: CredentialFacts,
  by: Doer,
): AccessEvent {
  const until = ending.revokedAt ?? ending.expiresAt;
  const replaces = { id: ending.id, until: until?.toISOString() ?? null };
  return { type: 'credential.rotated', payload: { ...told(credential), replaces }, by };
}

/** Named one by one, so that nothing is told that is added to the facts later. */
function told({ id, name, kind, roles, sources, expiresAt }: CredentialFacts): JsonObject {
  return { id, name, kind, roles, sources, expiresAt: expiresAt?.toISOString() ?? null };
}
