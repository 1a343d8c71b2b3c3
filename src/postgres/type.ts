/** What PostgreSQL's binary forms rest on, the same in every server. */

/** Object identifiers of built-in types. */
export const TYPE = {
  boolean: 16,
  bytea: 17,
  bigint: 20,
  smallint: 21,
  text: 25,
  timestamptz: 1184,
  uuid: 2950,
} as const;

/** Milliseconds from 1970 to the year 2000, which timestamps are counted from. */
export const EPOCH_MS = 946_684_800_000;
