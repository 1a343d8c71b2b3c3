-- The read model: the ledger itself, and what can be computed from it again. `rebuild` makes a second one in another
-- schema from the very files whose names begin with NNNN_ledger, so in them every object is named with `ledger.` before
-- it, and nothing else contains that word followed by a dot.
--
-- Rights are granted by `migrate` (src/read-model/rights.ts), which also makes the schema when the migrations' role
-- may not.
DO $$ BEGIN
  IF to_regnamespace('ledger') IS NULL THEN CREATE SCHEMA ledger; END IF;
END $$;

-- The ledger's name, fixed by the first migrate. No hash covers it.
CREATE TABLE ledger.origin (
  single boolean NOT NULL DEFAULT true,
  origin text COLLATE "C" NOT NULL,
  CONSTRAINT origin_pkey PRIMARY KEY (single),
  CONSTRAINT origin_single CHECK (single)
);

-- One row for each recorded event. Every column is covered by the entry's hash (docs/format.md): a column that is not
-- must not be added.
CREATE TABLE ledger.entry (
  index              bigint           NOT NULL,
  id                 uuid             NOT NULL,
  source             text COLLATE "C" NOT NULL,
  type               text COLLATE "C" NOT NULL,
  revision           bigint           NOT NULL,
  schema             bytea,
  verdict            text COLLATE "C" NOT NULL,
  occurred_at        timestamptz(3),
  recorded_at        timestamptz(3)   NOT NULL,
  recorded_by        text COLLATE "C",
  actor              text COLLATE "C",
  content            bytea            NOT NULL,
  previous           bytea            NOT NULL,
  previous_in_source bytea,
  hash               bytea            NOT NULL,
  data               bytea            NOT NULL,
  metadata           bytea            NOT NULL,
  CONSTRAINT entry_pkey PRIMARY KEY (index)
);
CREATE UNIQUE INDEX entry_source_revision ON ledger.entry (source, revision);
-- An identity's first entry is never a duplicate, so this finds whether there is one, and holds each accepted once.
CREATE UNIQUE INDEX entry_identity ON ledger.entry (id, source) WHERE verdict <> 'duplicate';
CREATE INDEX entry_occurred_at ON ledger.entry (occurred_at);
-- Counts what was not accepted, without a counter that somebody could change.
CREATE INDEX entry_not_accepted ON ledger.entry (verdict) WHERE verdict <> 'accepted';

-- The chain's end, one row: moved by compare-and-set in the transaction that adds the entries.
CREATE TABLE ledger.head (
  single   boolean NOT NULL DEFAULT true,
  size     bigint  NOT NULL DEFAULT 0,
  hash     bytea   NOT NULL DEFAULT decode(repeat('00', 32), 'hex'),
  root     bytea   NOT NULL DEFAULT sha256(''::bytea),
  position text COLLATE "C",
  CONSTRAINT head_pkey PRIMARY KEY (single),
  CONSTRAINT head_single CHECK (single)
);
INSERT INTO ledger.head DEFAULT VALUES;

-- The end of each source's chain.
CREATE TABLE ledger.source (
  source            text COLLATE "C" NOT NULL,
  count             bigint           NOT NULL,
  last_revision     bigint           NOT NULL,
  last_hash         bytea            NOT NULL,
  last_index        bigint           NOT NULL,
  first_recorded_at timestamptz(3)   NOT NULL,
  last_recorded_at  timestamptz(3)   NOT NULL,
  CONSTRAINT source_pkey PRIMARY KEY (source)
) WITH (fillfactor = 70);

-- The Merkle tree's interior: up to 256 hashes of 32 bytes a row, the rightmost, partial tiles included.
CREATE TABLE ledger.tile (
  level  smallint NOT NULL,
  index  bigint   NOT NULL,
  hashes bytea    NOT NULL,
  CONSTRAINT tile_pkey PRIMARY KEY (level, index)
);
-- hashes do not compress
ALTER TABLE ledger.tile ALTER COLUMN hashes SET STORAGE EXTERNAL;

-- The payload index, filled after the commits, a segment of 1,024 entries at once: where a value occurs (see
-- src/read-model/terms.ts). It proposes and never decides.
CREATE TABLE ledger.term (
  term    bigint  NOT NULL,
  segment integer NOT NULL,
  places  bytea   NOT NULL,
  CONSTRAINT term_pkey PRIMARY KEY (term, segment)
);

-- The segments that the payload index covers, from 0 on without gaps, and the times that occur in them.
CREATE TABLE ledger.segment (
  segment       integer        NOT NULL,
  recorded_from timestamptz(3) NOT NULL,
  recorded_to   timestamptz(3) NOT NULL,
  occurred_from timestamptz(3),
  occurred_to   timestamptz(3),
  CONSTRAINT segment_pkey PRIMARY KEY (segment)
);

-- Nothing recorded is changed, not even by the tables' owner.
CREATE FUNCTION ledger.refuse() RETURNS trigger
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE EXCEPTION '% on %.% is refused: the ledger is append-only', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
    USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER refuse_statement BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.origin
  FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse();
CREATE TRIGGER refuse_row BEFORE UPDATE OR DELETE ON ledger.entry
  FOR EACH ROW EXECUTE FUNCTION ledger.refuse();
CREATE TRIGGER refuse_statement BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.entry
  FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse();
CREATE TRIGGER refuse_backwards BEFORE UPDATE ON ledger.head
  FOR EACH ROW WHEN (NEW.size < OLD.size) EXECUTE FUNCTION ledger.refuse();
CREATE TRIGGER refuse_statement BEFORE DELETE OR TRUNCATE ON ledger.head
  FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse();

ALTER TABLE ledger.origin ENABLE ALWAYS TRIGGER refuse_statement;
ALTER TABLE ledger.entry ENABLE ALWAYS TRIGGER refuse_row;
ALTER TABLE ledger.entry ENABLE ALWAYS TRIGGER refuse_statement;
ALTER TABLE ledger.head ENABLE ALWAYS TRIGGER refuse_backwards;
ALTER TABLE ledger.head ENABLE ALWAYS TRIGGER refuse_statement;

REVOKE ALL ON SCHEMA ledger FROM PUBLIC;
REVOKE UPDATE, DELETE, TRUNCATE ON ledger.entry FROM CURRENT_USER;
REVOKE ALL ON FUNCTION ledger.refuse() FROM PUBLIC;
