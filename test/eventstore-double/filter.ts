/** Which records of $all a reader asked for. */
import type streams from '@eventstore/db-client/generated/streams_pb.js';
import type { LogRecord } from './record.js';

export type Filter = (record: LogRecord) => boolean;

/** A regular expression goes before prefixes, and no filter lets everything pass, as the server reads it. */
export function readFilter(options: streams.ReadReq.Options): Filter {
  const filter = options.getFilter();
  const ofStream = filter?.getStreamIdentifier();
  if (ofStream) return matching(ofStream, (record) => record.stream);
  const ofType = filter?.getEventType();
  if (ofType) return matching(ofType, (record) => record.type);
  return () => true;
}

function matching(
  expression: streams.ReadReq.Options.FilterOptions.Expression,
  text: (record: LogRecord) => string,
): Filter {
  if (expression.getRegex() !== '') {
    const regex = new RegExp(expression.getRegex());
    return (record) => regex.test(text(record));
  }
  const prefixes = expression.getPrefixList();
  return (record) => prefixes.some((prefix) => text(record).startsWith(prefix));
}
