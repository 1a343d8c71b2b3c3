-- What the projector found that an operator must look at, each cause (code, source, place) once: every process tells of
-- it, and no restart forgets it. Nothing of it is in the ledger's hashes, and none of it ends by itself.
CREATE TABLE ledger.alarm (
  code   text COLLATE "C" NOT NULL,
  -- as entries have it, empty for the log as a whole
  source text COLLATE "C" NOT NULL,
  place  text COLLATE "C" NOT NULL,
  since  timestamptz(3)   NOT NULL,
  detail text COLLATE "C" NOT NULL,
  CONSTRAINT alarm_pkey PRIMARY KEY (code, source, place)
);
CREATE INDEX alarm_since ON ledger.alarm (since);

CREATE TRIGGER refuse_row BEFORE UPDATE OR DELETE ON ledger.alarm
  FOR EACH ROW EXECUTE FUNCTION ledger.refuse();
CREATE TRIGGER refuse_statement BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.alarm
  FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse();

ALTER TABLE ledger.alarm ENABLE ALWAYS TRIGGER refuse_row;
ALTER TABLE ledger.alarm ENABLE ALWAYS TRIGGER refuse_statement;

REVOKE UPDATE, DELETE, TRUNCATE ON ledger.alarm FROM CURRENT_USER;
