-- Events of `_access` on their way into the event log: a change of a credential and the event that tells of it are
-- committed together, whether the log can be reached or not. An API process appends them and then deletes the rows, under
-- whose ids the log knows them again when that process is killed between the two.
--
-- Rights (group roles, granted with the others):
--   api           USAGE ON SCHEMA access; SELECT, INSERT, DELETE ON access.outbox: API processes deliver
--   credentials   INSERT ON access.outbox: who changes credentials records it
--   nobody else   anything; no role UPDATE or TRUNCATE: what waits is delivered as it was written

CREATE TABLE access.outbox (
  -- the event's id
  id          uuid NOT NULL,
  -- the order of delivery
  position    bigint GENERATED ALWAYS AS IDENTITY,
  type        text COLLATE "C" NOT NULL,
  payload     json NOT NULL,
  recorded_by text COLLATE "C" NOT NULL,
  actor       text COLLATE "C",
  context     json,
  occurred_at timestamptz(3) NOT NULL,
  CONSTRAINT outbox_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX outbox_position ON access.outbox (position);

CREATE FUNCTION access.tell_of_outbox() RETURNS trigger
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM pg_notify('access_outbox', '');
  RETURN NULL;
END $$;

CREATE TRIGGER tell AFTER INSERT ON access.outbox
  FOR EACH STATEMENT EXECUTE FUNCTION access.tell_of_outbox();
