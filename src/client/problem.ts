/** Problem details (RFC 9457), as the API says what was wrong. */

export interface Problem {
  readonly code?: string;
  readonly title?: string;
  readonly status?: number;
  readonly detail?: string;
  readonly errors?: readonly {
    readonly pointer?: string;
    readonly parameter?: string;
    readonly header?: string;
    readonly keyword?: string;
    readonly detail?: string;
  }[];
}

/** A problem in one line, without a full stop. Its `detail` tells of the first place; what it does not tell follows. */
export function describeProblem(body: unknown): string {
  if (typeof body !== 'object' || body === null) return '';
  const { title, detail, errors = [] } = body as Problem;
  const places = errors.map(({ pointer, parameter, header, detail: what = '' }) => ({
    what,
    text: `${pointer ?? parameter ?? header ?? ''} ${what}`.trim(),
  }));
  const [first, ...others] = places;
  const text = detail ?? title ?? '';
  const said = first === undefined || text.includes(first.what);
  return [text, ...(said ? others : places).map((place) => place.text)]
    .filter((part) => part !== '')
    .join('; ')
    .replace(/\.$/, '');
}

/**
 * The problem of one event of a batch as that of the event alone: its pointers begin with the event's place in the batch,
 * which whoever asks names better.
 */
export function problemOfItem(problem: Problem, item: number): Problem {
  const { detail, errors } = problem;
  const prefix = new RegExp(`^/${item}(?=/|$)`);
  const [first] = errors ?? [];
  const { pointer = '', detail: what = '' } = first ?? {};
  const alone = `${pointer.replace(prefix, '')} ${what}`.trim();
  return {
    ...problem,
    ...(detail !== undefined && { detail: detail.replace(`${pointer} ${what}`, () => alone) }),
    ...(errors !== undefined && {
      errors: errors.map((one) =>
        one.pointer === undefined ? one : { ...one, pointer: one.pointer.replace(prefix, '') },
      ),
    }),
  };
}
