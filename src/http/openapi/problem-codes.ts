/** Which problems an operation can have of those that a status has: a client need not be ready for others. */
import { PROBLEMS, type ProblemCode } from '../status.js';

export interface OperationForm {
  readonly path: string;
  readonly operationId: string;
  readonly hasBody: boolean;
  readonly isPaged: boolean;
  readonly asksForCredentials: boolean;
}

const registers = ({ operationId }: OperationForm): boolean => operationId === 'registerSchema';
const administers = ({ path }: OperationForm): boolean => path.startsWith('/v1/credentials');
const reports = (form: OperationForm): boolean => form.hasBody && !registers(form) && !administers(form);
const hasBody = (form: OperationForm): boolean => form.hasBody;

/** Those that not every operation can have. */
const ONLY: Partial<Record<ProblemCode, (form: OperationForm) => boolean>> = {
  'access-denied': (form) => form.operationId === 'verifyLedger' || administers(form),
  'ambiguous-id': (form) => !form.hasBody && !administers(form),
  busy: ({ operationId }) => operationId === 'verifyLedger' || operationId === 'tailEvents',
  conflict: reports,
  'credential-conflict': administers,
  'invalid-credential': administers,
  'invalid-cursor': ({ isPaged }) => isPaged,
  'invalid-event': reports,
  'invalid-json': hasBody,
  'invalid-schema': registers,
  'issuer-unavailable': ({ asksForCredentials }) => asksForCredentials,
  'log-uncertain': (form) => form.hasBody && !administers(form),
  'login-busy': ({ asksForCredentials }) => asksForCredentials,
  'none-taken': ({ operationId }) => operationId === 'recordEvents',
  'not-i-json': hasBody,
  'not-ready': ({ path }) => path === '/readyz',
  'reserved-source': reports,
  'schema-violation': reports,
};

/** The codes of a status that an operation can have. */
export function codesOn(form: OperationForm, status: number): readonly ProblemCode[] {
  return (Object.keys(PROBLEMS) as ProblemCode[]).filter(
    (code) => PROBLEMS[code][0] === status && ONLY[code]?.(form) !== false,
  );
}
