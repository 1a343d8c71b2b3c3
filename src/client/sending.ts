/** Events on their way: sent again until each of them has its answer, however often the server goes away meanwhile. */
import { ApiError, unreachable, type Connection } from './connection.js';
import { describeProblem, problemOfItem, type Problem } from './problem.js';
import { Patience, type PatienceOptions } from './patience.js';

/** What became of one event. */
export type Answer =
  | {
      readonly status: 200 | 202;
      readonly eventId: string;
      readonly source: string;
      readonly revision: number;
    }
  /** refused for good: 400, 403, 409, 413 or 422; pointers are into the event */
  | { readonly status: number; readonly problem: Problem };

export interface SendingOptions extends PatienceOptions {
  /** called once for each event, in no particular order */
  readonly answered: (at: number, answer: Answer) => void;
  /** called once when nothing was taken: it is tried again */
  readonly waiting?: () => void;
}

/** Of the routes' answers, what a batch is answered with. */
interface BatchAnswer {
  readonly results?: readonly { readonly status: number; readonly problem?: Problem }[];
}

const LF = new TextEncoder().encode('\n');

/**
 * Send events that have ids of their own, as lines of one batch. It is safe however it ends: sent again, an event that was
 * recorded is a replay.
 * @param lines at most 1,000, and 8 MiB of them
 * @throws ApiError when patience is at its end or trying again does not help; the signal's reason when aborted
 */
export async function sendLines(
  connection: Connection,
  lines: readonly Uint8Array[],
  options: SendingOptions,
): Promise<void> {
  const patience = new Patience(options);
  let open = lines.map((line, at) => ({ line, at }));
  let told = false;
  while (open.length > 0) {
    const outcome = await trySending(connection, open, options.signal);
    if (outcome instanceof ApiError && outcome.status === 413) {
      await sendInHalves(connection, open, options);
      return;
    }
    if (!(outcome instanceof ApiError)) {
      const later = open.filter(({ at }, n) => !isAnswered(at, n, outcome[n], options));
      if (later.length < open.length) patience.renew();
      open = later;
      if (open.length === 0) return;
    }
    const failure = outcome instanceof ApiError ? outcome : takesNothing(connection);
    if (!told && open.length === lines.length && patience.isFor(failure)) options.waiting?.();
    told = true;
    await patience.pause(failure);
  }
}

/** Too large together for what stands between us and the ledger, which may take less than the ledger does. */
async function sendInHalves(
  connection: Connection,
  open: readonly { readonly line: Uint8Array; readonly at: number }[],
  options: SendingOptions,
): Promise<void> {
  const middle = Math.ceil(open.length / 2);
  for (const half of [open.slice(0, middle), open.slice(middle)]) {
    await sendLines(
      connection,
      half.map(({ line }) => line),
      { ...options, answered: (n, answer) => options.answered(half[n]?.at ?? -1, answer) },
    );
  }
}

type Result = NonNullable<BatchAnswer['results']>[number];

/** @returns the results in the order of the lines, or why there are none */
async function trySending(
  connection: Connection,
  open: readonly { readonly line: Uint8Array }[],
  signal: AbortSignal | undefined,
): Promise<readonly Result[] | ApiError> {
  try {
    const response = await connection.request('/v1/events', {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: joined(open.flatMap(({ line }) => [line, LF])),
      expected: [422, 503],
      ...(signal === undefined ? {} : { signal }),
    });
    const answer = (await response.json()) as BatchAnswer & Problem;
    if (answer.results?.length === open.length) return answer.results;
    // a proxy's answer, or one that is about the whole request
    const { status } = response;
    const message = `${connection.url} answered ${status}: ${describeProblem(answer)}`;
    return new ApiError(message, { status: status === 503 ? 503 : 502, problem: answer });
  } catch (error) {
    signal?.throwIfAborted();
    const failure = unreachable(connection.url, error);
    if (failure.status !== 413 || open.length > 1) return failure;
    // alone it will be too large for ever, and nothing behind it would be sent
    return [{ status: 413, problem: failure.problem ?? { detail: failure.message } }];
  }
}

/** Hands over what is answered for good. */
function isAnswered(
  at: number,
  item: number,
  result: Result | undefined,
  { answered }: SendingOptions,
): boolean {
  if (result === undefined || result.status === 503 || isTooMuchAtOnce(result.problem)) return false;
  const { problem } = result;
  answered(
    at,
    problem === undefined ? (result as Answer) : { ...result, problem: problemOfItem(problem, item) },
  );
  return true;
}

/** The events before it in the batch took all the work that judging one may take: alone it is judged. */
function isTooMuchAtOnce(problem: Problem | undefined): boolean {
  return problem?.errors?.some(({ keyword }) => keyword === 'work') ?? false;
}

function takesNothing({ url }: Connection): ApiError {
  return new ApiError(`${url} takes no events for now`, { status: 503 });
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
