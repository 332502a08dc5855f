-- The message log. Rows are inserted and never changed; whole days are dropped when their time is over.
-- `record` and `message_body` are partitioned by day (UTC); the server makes the partitions ahead.

CREATE FUNCTION insert_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is insert-only', TG_TABLE_NAME;
END
$$;

CREATE TABLE log_node (
    node_id text PRIMARY KEY
);

-- `sequence` counts a node's records; one node has one writer, so its numbers are committed in order.
-- `own` is our side's subsystem in colon form. `body_id` names the row of `message_body`, which may be gone by now;
-- `body_digest` is the SHA-512 of the body and stays. `configuration_digest` names the configuration judged under.
CREATE TABLE record (
    node_id text NOT NULL,
    sequence bigint NOT NULL,
    day date NOT NULL,
    logged_at timestamptz NOT NULL,
    message_id text NOT NULL,
    is_response boolean NOT NULL,
    own text NOT NULL,
    rest_part bytea NOT NULL,
    body_digest bytea,
    body_id bytea,
    signature bytea NOT NULL,
    signature_digest bytea NOT NULL GENERATED ALWAYS AS (sha512(signature)) STORED,
    hash_chain_result bytea,
    hash_chain bytea,
    configuration_digest bytea NOT NULL,
    PRIMARY KEY (node_id, sequence, day)
) PARTITION BY RANGE (day);
CREATE INDEX record_by_message ON record (message_id, own);
-- A signature is base64 of what hardly compresses; trying to costs more than the space it saves.
ALTER TABLE record ALTER COLUMN signature SET STORAGE EXTERNAL;
CREATE TRIGGER record_stays BEFORE UPDATE OR DELETE ON record FOR EACH ROW EXECUTE FUNCTION insert_only();
-- Nor is it emptied: partitions do not inherit such a trigger, so each is given one when it is made.

-- Bodies hold personal data: encrypted with AES-256-GCM under a key derived for (key, node, day), and deletable apart
-- from the records. `id` is also the nonce, so that the primary key rules out that a nonce is used twice.
CREATE TABLE message_body (
    day date NOT NULL,
    node_id text NOT NULL,
    id bytea NOT NULL CHECK (length(id) = 12),
    key_id text NOT NULL,
    ciphertext bytea NOT NULL,
    PRIMARY KEY (node_id, id, day)
) PARTITION BY RANGE (day);
ALTER TABLE message_body ALTER COLUMN ciphertext SET STORAGE EXTERNAL;

-- Requests that were accepted here, on whatever node: SHA-256 over client subsystem and digest of the signed parts.
CREATE TABLE replay_key (
    key bytea PRIMARY KEY,
    seen_at timestamptz NOT NULL
);
CREATE INDEX replay_key_by_age ON replay_key (seen_at);

-- One time stamp over the records `first_sequence`..`last_sequence` of a node and over the snapshots named.
-- `leaves` are SHA-512 digests of 64 octets each, first the records' signatures in order, then the snapshots;
-- `result` is the hash chain result that was stamped, null when the one record's signature value was stamped itself.
CREATE TABLE batch (
    node_id text NOT NULL,
    first_sequence bigint NOT NULL,
    last_sequence bigint NOT NULL,
    stamped_at timestamptz NOT NULL,
    leaves bytea NOT NULL,
    snapshots bytea[] NOT NULL,
    result bytea,
    token bytea NOT NULL,
    PRIMARY KEY (node_id, last_sequence)
);
CREATE INDEX batch_by_snapshot ON batch USING gin (snapshots);
CREATE TRIGGER batch_stays BEFORE UPDATE OR DELETE ON batch FOR EACH ROW EXECUTE FUNCTION insert_only();
CREATE TRIGGER batch_is_never_emptied BEFORE TRUNCATE ON batch
    FOR EACH STATEMENT EXECUTE FUNCTION insert_only();

-- Every configuration that this server worked by: the anchor, the signed directory, and the files it lists.
-- `id` is the SHA-512 of the manifest (the leaf that is stamped), which holds the digests of all of it;
-- `digest` is the SHA-256 of shared-params.xml, by which records name it.
CREATE TABLE configuration_snapshot (
    id bytea PRIMARY KEY CHECK (length(id) = 64),
    digest bytea NOT NULL CHECK (length(digest) = 32),
    instance text NOT NULL,
    anchor bytea NOT NULL,
    directory bytea NOT NULL,
    manifest bytea NOT NULL,
    version integer NOT NULL,
    names text[] NOT NULL,
    contents bytea[] NOT NULL,
    kept_at timestamptz NOT NULL
);
CREATE INDEX configuration_snapshot_by_digest ON configuration_snapshot (digest);
CREATE TRIGGER configuration_snapshot_stays BEFORE UPDATE OR DELETE ON configuration_snapshot
    FOR EACH ROW EXECUTE FUNCTION insert_only();
CREATE TRIGGER configuration_snapshot_is_never_emptied BEFORE TRUNCATE ON configuration_snapshot
    FOR EACH STATEMENT EXECUTE FUNCTION insert_only();

-- From when on which node worked by which configuration.
CREATE TABLE configuration_use (
    node_id text NOT NULL,
    used_from timestamptz NOT NULL,
    snapshot bytea NOT NULL REFERENCES configuration_snapshot,
    PRIMARY KEY (node_id, used_from)
);
CREATE INDEX configuration_use_by_time ON configuration_use (used_from);
CREATE TRIGGER configuration_use_stays BEFORE UPDATE OR DELETE ON configuration_use
    FOR EACH ROW EXECUTE FUNCTION insert_only();
CREATE TRIGGER configuration_use_is_never_emptied BEFORE TRUNCATE ON configuration_use
    FOR EACH STATEMENT EXECUTE FUNCTION insert_only();

-- The latest expiry that a directory of this instance has carried: an earlier one is a rollback.
CREATE TABLE configuration_seen (
    instance text PRIMARY KEY,
    expires_at timestamptz NOT NULL
);

-- Since when time-stamping fails; null while it works. Shared by all nodes.
CREATE TABLE timestamping_state (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    failing_since timestamptz,
    last_success timestamptz,
    last_error text NOT NULL DEFAULT ''
);
INSERT INTO timestamping_state DEFAULT VALUES;

-- Archive files written so far. Each node's files make one chain: `digest` is the last of the linking information in
-- the file, from which that of the node's next file goes on.
CREATE TABLE archive (
    node_id text NOT NULL,
    first_sequence bigint NOT NULL,
    last_sequence bigint NOT NULL,
    file_name text NOT NULL,
    digest text NOT NULL,
    made_at timestamptz NOT NULL,
    PRIMARY KEY (node_id, last_sequence)
);
CREATE TRIGGER archive_stays BEFORE UPDATE OR DELETE ON archive FOR EACH ROW EXECUTE FUNCTION insert_only();
CREATE TRIGGER archive_is_never_emptied BEFORE TRUNCATE ON archive
    FOR EACH STATEMENT EXECUTE FUNCTION insert_only();
