-- The embedded event log: one table, one counter, and two doors to write through (docs/decisions.md, "The log in
-- PostgreSQL"). Positions, revisions and times are given out by the database alone: no login that writes events can
-- choose them.
--
-- Rights (group roles, granted with the others):
--   reader, api, projector   USAGE ON SCHEMA event_log; SELECT ON event_log.event, event_log.counter
--   api                      EXECUTE ON FUNCTION event_log.append;
--                            INSERT (source, id, type, data, metadata) ON event_log.event
--   nobody else              anything; no role UPDATE, DELETE or TRUNCATE on event, or any writing on counter

-- `migrate` makes the schema where the migrations' role may not.
DO $$ BEGIN
  IF to_regnamespace('event_log') IS NULL THEN CREATE SCHEMA event_log; END IF;
END $$;

-- What a source is indexed by: keys of a B-tree are limited to 2,704 bytes, sources are not. Below 32 bytes the source
-- itself, else the 32 bytes of its hash: never the same for two sources.
CREATE FUNCTION event_log.source_key(source bytea) RETURNS bytea
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN CASE WHEN octet_length(source) < 32 THEN source ELSE sha256(source) END;

-- Source and type are bytes: other programs may write what is no text.
CREATE TABLE event_log.event (
  position  bigint      NOT NULL,
  source    bytea       NOT NULL,
  revision  bigint      NOT NULL,
  id        uuid        NOT NULL,
  type      bytea       NOT NULL,
  data      bytea       NOT NULL,
  metadata  bytea       NOT NULL,
  logged_at timestamptz NOT NULL,
  CONSTRAINT event_pkey PRIMARY KEY (position),
  CONSTRAINT event_position CHECK (position BETWEEN 1 AND 9007199254740991),
  CONSTRAINT event_revision CHECK (revision BETWEEN 0 AND 9007199254740991),
  CONSTRAINT event_size CHECK (
    octet_length(source) + octet_length(type) + octet_length(data) + octet_length(metadata) <= 16777216
  ),
  CONSTRAINT event_logged_at CHECK (
    logged_at >= '0001-01-01 00:00:00Z' AND logged_at < '9999-12-31 23:59:59.999999Z'
  )
);
CREATE UNIQUE INDEX event_source_revision ON event_log.event (event_log.source_key(source), revision);
CREATE INDEX event_id ON event_log.event (id);

-- The newest position. Whoever appends holds its row's lock until the commit, so that positions become visible in
-- order and without gaps: a reader that has seen position n will never see a smaller one appear.
CREATE TABLE event_log.counter (
  single   boolean NOT NULL DEFAULT true,
  position bigint  NOT NULL DEFAULT 0,
  CONSTRAINT counter_pkey PRIMARY KEY (single),
  CONSTRAINT counter_single CHECK (single)
);
INSERT INTO event_log.counter DEFAULT VALUES;

-- Takes the counter's lock until the end of the transaction; returns the newest position. The statements that the
-- caller runs next see everything that was committed before the lock was given (READ COMMITTED; a transaction at a
-- higher level fails with 40001 when it came too late). The table is looked at too, because rows may have been put
-- in with their positions, by a restore. An acknowledged event is on disk, whatever the session's settings.
CREATE FUNCTION event_log.lock() RETURNS bigint
  LANGUAGE plpgsql VOLATILE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  counted bigint;
BEGIN
  IF current_setting('synchronous_commit') = 'off' THEN
    PERFORM set_config('synchronous_commit', 'on', true);
  END IF;
  SELECT c.position INTO STRICT counted FROM event_log.counter AS c FOR UPDATE;
  RETURN greatest(counted, (SELECT max(e.position) FROM event_log.event AS e));
END $$;

-- The first door: append events of any sources, each identity (source, id) at most once.
--
-- The arrays have one element for each candidate. Returns one row for each, in their order: its place, and whether the
-- log had its identity already (`present`: the place is that of the first such event). Candidates of one source get
-- revisions in the order given. Those marked `fresh` carry an id that was made for this call: the log is not searched
-- for them. Listeners on the channel event_log are told after the commit.
CREATE FUNCTION event_log.append(
  sources bytea[], ids uuid[], fresh boolean[], types bytea[], data bytea[], metadata bytea[]
) RETURNS TABLE (ordinal integer, "position" bigint, revision bigint, present boolean)
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  -- plans are made once and must be right when the table has grown: through the indexes
  SET plan_cache_mode = force_generic_plan
  SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
  newest bigint := event_log.lock();
  moment timestamptz := date_trunc('milliseconds', clock_timestamp());
BEGIN
  RETURN QUERY
  WITH candidate AS MATERIALIZED (
    SELECT c.n::integer AS n, c.source, c.id, c.fresh
    FROM unnest(append.sources, append.ids, append.fresh) WITH ORDINALITY AS c (source, id, fresh, n)
  ), known AS MATERIALIZED (
    SELECT DISTINCT ON (c.n) c.n, e.position, e.revision
    FROM candidate AS c
    -- OFFSET 0: one look into the index for each candidate, whatever the planner believes
    CROSS JOIN LATERAL (
      SELECT e.position, e.revision FROM event_log.event AS e WHERE e.id = c.id AND e.source = c.source OFFSET 0
    ) AS e
    WHERE NOT c.fresh
    ORDER BY c.n, e.revision
  ), novel AS MATERIALIZED (
    SELECT c.source, c.id, min(c.n) AS n
    FROM candidate AS c
    WHERE c.n NOT IN (SELECT k.n FROM known AS k)
    GROUP BY c.source, c.id
  ), stream AS MATERIALIZED (
    SELECT s.source, coalesce((
      SELECT e.revision FROM event_log.event AS e
      WHERE event_log.source_key(e.source) = event_log.source_key(s.source)
      ORDER BY e.revision DESC LIMIT 1
    ), -1) AS last
    FROM (SELECT DISTINCT n.source FROM novel AS n) AS s
  ), placed AS MATERIALIZED (
    SELECT n.n, n.source, n.id,
      newest + row_number() OVER (ORDER BY n.n) AS position,
      s.last + row_number() OVER (PARTITION BY n.source ORDER BY n.n) AS revision
    FROM novel AS n JOIN stream AS s ON s.source = n.source
  ), inserted AS (
    INSERT INTO event_log.event (position, source, revision, id, type, data, metadata, logged_at)
    SELECT p.position, p.source, p.revision, p.id,
      append.types[p.n], append.data[p.n], append.metadata[p.n], moment
    FROM placed AS p
    ORDER BY p.position
  ), moved AS (
    UPDATE event_log.counter SET position = newest + (SELECT count(*) FROM placed)
    WHERE EXISTS (SELECT FROM placed)
  )
  SELECT c.n, coalesce(k.position, p.position), coalesce(k.revision, p.revision), p.n IS DISTINCT FROM c.n
  FROM candidate AS c
  LEFT JOIN known AS k ON k.n = c.n
  LEFT JOIN placed AS p ON p.source = c.source AND p.id = c.id
  ORDER BY c.n;
  PERFORM pg_notify('event_log', '');
END $$;

-- The second door, for programs that know nothing of us: INSERT INTO event_log.event (source, id, type, data,
-- metadata). Whatever they write is an event, also under an identity that is there already.
CREATE FUNCTION event_log.place() RETURNS trigger
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET plan_cache_mode = force_generic_plan
  SET enable_seqscan = off
AS $$
BEGIN
  NEW.position := event_log.lock() + 1;
  NEW.revision := coalesce((
    SELECT e.revision FROM event_log.event AS e
    WHERE event_log.source_key(e.source) = event_log.source_key(NEW.source)
    ORDER BY e.revision DESC LIMIT 1
  ), -1) + 1;
  NEW.logged_at := date_trunc('milliseconds', clock_timestamp());
  UPDATE event_log.counter SET position = NEW.position;
  PERFORM pg_notify('event_log', '');
  RETURN NEW;
END $$;

CREATE TRIGGER place BEFORE INSERT ON event_log.event
  FOR EACH ROW WHEN (NEW.position IS NULL) EXECUTE FUNCTION event_log.place();

-- Nothing recorded is changed, not even by the tables' owner.
CREATE FUNCTION event_log.refuse() RETURNS trigger
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE EXCEPTION '% on event_log.% is refused: the log is append-only', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER refuse_row BEFORE UPDATE OR DELETE ON event_log.event
  FOR EACH ROW EXECUTE FUNCTION event_log.refuse();
CREATE TRIGGER refuse_statement BEFORE UPDATE OR DELETE OR TRUNCATE ON event_log.event
  FOR EACH STATEMENT EXECUTE FUNCTION event_log.refuse();
CREATE TRIGGER refuse_backwards BEFORE UPDATE ON event_log.counter
  FOR EACH ROW WHEN (NEW.position < OLD.position) EXECUTE FUNCTION event_log.refuse();
CREATE TRIGGER refuse_statement BEFORE DELETE OR TRUNCATE ON event_log.counter
  FOR EACH STATEMENT EXECUTE FUNCTION event_log.refuse();

ALTER TABLE event_log.event ENABLE ALWAYS TRIGGER refuse_row;
ALTER TABLE event_log.event ENABLE ALWAYS TRIGGER refuse_statement;
ALTER TABLE event_log.counter ENABLE ALWAYS TRIGGER refuse_backwards;
ALTER TABLE event_log.counter ENABLE ALWAYS TRIGGER refuse_statement;

REVOKE ALL ON SCHEMA event_log FROM PUBLIC;
REVOKE ALL ON event_log.event, event_log.counter FROM PUBLIC;
REVOKE UPDATE, DELETE, TRUNCATE ON event_log.event FROM CURRENT_USER;
REVOKE ALL ON FUNCTION event_log.lock(), event_log.place(), event_log.refuse() FROM PUBLIC;
REVOKE ALL ON FUNCTION event_log.append(bytea[], uuid[], boolean[], bytea[], bytea[], bytea[]) FROM PUBLIC;
