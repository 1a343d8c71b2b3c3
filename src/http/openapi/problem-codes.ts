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
const reports = (form: OperationForm): boolean => form.hasBody && !registers(form);
const hasBody = (form: OperationForm): boolean => form.hasBody;

/** Those that not every operation can have. */
const ONLY: Partial<Record<ProblemCode, (form: OperationForm) => boolean>> = {
  'access-denied': ({ operationId }) => operationId === 'verifyLedger',
  'ambiguous-id': (form) => !form.hasBody,
  busy: ({ operationId }) => operationId === 'verifyLedger' || operationId === 'tailEvents',
  conflict: reports,
  'invalid-cursor': ({ isPaged }) => isPaged,
  'invalid-event': reports,
  'invalid-json': hasBody,
  'invalid-schema': registers,
  'issuer-unavailable': ({ asksForCredentials }) => asksForCredentials,
  'log-uncertain': hasBody,
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
