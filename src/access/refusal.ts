/** Why a change of credentials was not made, for those who tell it otherwise than by its message. */
import { LedgerError } from '../ledger/error.js';
import { describeUnfit, unfitness, type Unfit, type WantedCredential } from './credential.js';

export type RefusedChange =
  /** no credential can be so */
  | { readonly kind: 'unfit'; readonly problems: readonly Unfit[] }
  /** there is none of this id */
  | { readonly kind: 'unknown' }
  /** it was revoked before */
  | { readonly kind: 'revoked' }
  /** the name has a password already */
  | { readonly kind: 'has-password' }
  /** two passwords of one name cannot be good at once */
  | { readonly kind: 'overlap' };

/** A LedgerError `invalid-input`. */
export class CredentialRefusal extends LedgerError {
  readonly why: RefusedChange;

  constructor(why: RefusedChange, message: string) {
    super('invalid-input', message);
    this.why = why;
  }
}

/** @throws CredentialRefusal `unfit` for what no credential can be */
export function requireFit(wanted: WantedCredential): void {
  const problems = unfitness(wanted);
  const [first] = problems;
  if (first !== undefined)
    throw new CredentialRefusal({ kind: 'unfit', problems }, describeUnfit(wanted, first));
}
