-- Third keyspace: who asked about whom. Insert-only, one partition a month (made by the writer), no personal number.
-- One row for each person a call was about; a household question is about several. A call refused before it named
-- anybody has one row without a subject.

CREATE SEQUENCE access_log_sequence AS bigint;

CREATE TABLE access_log (
    logged_at timestamptz NOT NULL,
    sequence bigint NOT NULL DEFAULT nextval('access_log_sequence'),
    node_id text NOT NULL,
    -- For whom: HMAC-SHA-256 of the number under the key of that id.
    subject_key_id text,
    subject_pseudonym bytea CHECK (length(subject_pseudonym) = 32),
    subject_role text CHECK (subject_role IN ('asked', 'claimed_member')),
    -- Who: platform, subsystem, organisation's integration account, unit, officer.
    instance text NOT NULL,
    consumer text NOT NULL,
    integration_account text,
    unit text,
    officer text,
    -- Where the officer's name comes from. On the population side the agency asserts it under its signature; the
    -- registry has only checked that such an account is active and entitled.
    officer_identity text CHECK (officer_identity IN ('asserted_by_agency')),
    -- What for, and which question.
    procedure_code text,
    service text NOT NULL,
    message_id text NOT NULL,
    request_digest bytea CHECK (length(request_digest) = 32),
    -- What left.
    result_code text NOT NULL,
    released_fields text[] NOT NULL,
    PRIMARY KEY (logged_at, sequence),
    CONSTRAINT a_pseudonym_names_its_key CHECK (num_nulls(subject_key_id, subject_pseudonym, subject_role) IN (0, 3)),
    CONSTRAINT an_officer_says_by_whom CHECK ((officer IS NULL) = (officer_identity IS NULL))
) PARTITION BY RANGE (logged_at);

CREATE INDEX access_log_by_subject ON access_log (subject_pseudonym, logged_at);
CREATE INDEX access_log_by_message ON access_log (message_id);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the access log is insert-only';
END
$$;

CREATE TRIGGER access_log_is_insert_only BEFORE UPDATE OR DELETE ON access_log
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
-- Nor is it emptied: partitions do not inherit such a trigger, so the writer gives one to each that it makes.

-- A MaYeuCau an organisation has used, with a keyed digest of what it asked then.
CREATE TABLE used_request (
    request_digest bytea PRIMARY KEY CHECK (length(request_digest) = 32),
    content_digest bytea NOT NULL CHECK (length(content_digest) = 32),
    first_used_at timestamptz NOT NULL
);

-- The newest version of the signed directory that any node has accepted; an older one is refused for ever.
CREATE TABLE directory_version (
    environment text PRIMARY KEY,
    version bigint NOT NULL,
    accepted_at timestamptz NOT NULL
);
