-- Credentials: who may ask the API, and what for. Beside the ledger, not of it: nothing here is hashed or chained, rows
-- change, and a rebuild leaves them alone. No secret is stored, only what a secret is compared with.
--
-- Rights (a group role, granted with the others):
--   credentials   USAGE ON SCHEMA access; SELECT, INSERT, UPDATE ON access.credential
--   nobody else   anything, the readers of the ledger included; no role DELETE: what is revoked stays to be seen

-- `migrate` makes the schema where the migrations' role may not.
DO $$ BEGIN
  IF to_regnamespace('access') IS NULL THEN CREATE SCHEMA access; END IF;
END $$;

CREATE TABLE access.credential (
  id           text COLLATE "C" NOT NULL,
  -- the principal's name: what its events are recorded by
  name         text COLLATE "C" NOT NULL,
  roles        text[] COLLATE "C" NOT NULL,
  -- patterns of the sources that a writer writes to, and a reader reads
  sources      text[] COLLATE "C" NOT NULL,
  kind         text COLLATE "C" NOT NULL,
  -- of a key: its SHA-256, and no salt, because a key has 32 random bytes; of a password: scrypt, N=2^14, r=8, p=5
  hash         bytea NOT NULL,
  salt         bytea,
  created_at   timestamptz(3) NOT NULL DEFAULT now(),
  -- null: never
  expires_at   timestamptz(3),
  last_used_at timestamptz(3),
  revoked_at   timestamptz(3),
  CONSTRAINT credential_pkey PRIMARY KEY (id),
  CONSTRAINT credential_id CHECK (id ~ '^[0-9a-f]{12}$'),
  CONSTRAINT credential_kind CHECK (kind IN ('key', 'password')),
  CONSTRAINT credential_hash CHECK (octet_length(hash) = 32),
  CONSTRAINT credential_salt CHECK ((kind = 'password') = (salt IS NOT NULL))
);

-- A name with a password has one: which of several was meant, nobody could tell without trying each.
CREATE UNIQUE INDEX credential_password ON access.credential (name) WHERE kind = 'password' AND revoked_at IS NULL;

CREATE FUNCTION access.tell() RETURNS trigger
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM pg_notify('access_credential', '');
  RETURN NULL;
END $$;

-- Every API process reads the table again when it is told to. That one was used is no reason.
CREATE TRIGGER tell AFTER INSERT OR DELETE OR TRUNCATE
  OR UPDATE OF id, name, roles, sources, kind, hash, salt, expires_at, revoked_at ON access.credential
  FOR EACH STATEMENT EXECUTE FUNCTION access.tell();
