/** Changes of credentials that the process which makes them knows at once, whatever becomes of a notification. */
import type { CredentialRegister, CredentialStore } from './port.js';

/** What is not known by then is within a second or so, as in every other process: the change itself is made. */
const KNOWN_MS = 1_000;

/** @param store that this process lets in by */
export function actingAtOnce(
  register: CredentialRegister,
  store: Pick<CredentialStore, 'caughtUp'>,
): CredentialRegister {
  const known = async <Change>(change: Promise<Change>): Promise<Change> => {
    const changed = await change;
    await store.caughtUp(KNOWN_MS);
    return changed;
  };
  return {
    ...register,
    add: (wanted, by) => known(register.add(wanted, by)),
    revoke: (id, by) => known(register.revoke(id, by)),
    rotate: (id, overlapMs, by) => known(register.rotate(id, overlapMs, by)),
  };
}
