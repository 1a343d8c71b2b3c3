/** The server's decision on an append: which revision is next, or why not. Its idempotency lives here. */
import { DELETED, type ExpectedRevision } from './record.js';

/** What the decision is made from. */
export interface CommitView {
  /** revision of the stream's newest event, whether shown or not; -1 without any, DELETED under a tombstone */
  last(stream: string): bigint;
  softDeleted(stream: string): boolean;
  /** whether the stream ever had metadata */
  hasMetadata(stream: string): boolean;
  /** where an id was written, as long as memory holds it: the newest place, whatever the stream */
  remembered(id: string): { readonly stream: string; readonly revision: bigint } | undefined;
  idAt(stream: string, revision: bigint): string | undefined;
}

export type CommitCheck =
  | { readonly decision: 'write'; readonly current: bigint; readonly softDeleted: boolean }
  /** nothing is written, and success is answered with the place of an earlier event */
  | { readonly decision: 'repeat'; readonly revision: bigint }
  | { readonly decision: 'wrong-expected-version'; readonly current: bigint }
  | { readonly decision: 'deleted' };

/** Judge an append, or a deletion (which brings one id of its own). */
export function checkCommit(
  view: CommitView,
  stream: string,
  expected: ExpectedRevision,
  ids: readonly string[],
): CommitCheck {
  const current = view.last(stream);
  if (current === DELETED) return { decision: 'deleted' };
  if (expected === 'stream_exists') {
    if (view.softDeleted(stream)) return { decision: 'deleted' };
    if (current < 0n && !view.hasMetadata(stream)) return { decision: 'wrong-expected-version', current };
  }
  if (expected === 'any' || expected === 'stream_exists') return checkById(view, stream, current, ids);
  const revision = expected === 'no_stream' ? -1n : expected;
  if (revision < current) return checkByPlace(view, stream, current, revision, ids);
  if (revision > current) return { decision: 'wrong-expected-version', current };
  return { decision: 'write', current, softDeleted: view.softDeleted(stream) };
}

/** Without a revision, an id that memory holds is a repeat, whatever it brings. */
function checkById(view: CommitView, stream: string, current: bigint, ids: readonly string[]): CommitCheck {
  let revision = -1n;
  for (const [n, id] of ids.entries()) {
    const place = view.remembered(id);
    if (place?.stream !== stream) {
      return n === 0
        ? { decision: 'write', current, softDeleted: view.softDeleted(stream) }
        : { decision: 'wrong-expected-version', current };
    }
    revision = place.revision;
  }
  return ids.length === 0
    ? { decision: 'write', current, softDeleted: view.softDeleted(stream) }
    : { decision: 'repeat', revision };
}

/** Behind the stream's end only a repeat passes: the same ids at the very places. */
function checkByPlace(
  view: CommitView,
  stream: string,
  current: bigint,
  expected: bigint,
  ids: readonly string[],
): CommitCheck {
  let revision = expected;
  for (const id of ids) {
    revision += 1n;
    const place = view.remembered(id);
    if (place?.stream === stream && place.revision === revision) continue;
    if (view.idAt(stream, revision) === id) continue;
    const startsAnew = revision === expected + 1n && expected === -1n && view.softDeleted(stream);
    return startsAnew
      ? { decision: 'write', current, softDeleted: true }
      : { decision: 'wrong-expected-version', current };
  }
  return ids.length === 0
    ? { decision: 'wrong-expected-version', current }
    : { decision: 'repeat', revision };
}
