-- One message on its way into the log, as the writer hands it over: an array of these is one parameter, which costs
-- the server's process less than an array for every column.
CREATE TYPE log_row AS (
    day date,
    logged_at timestamptz,
    message_id text,
    is_response boolean,
    own text,
    rest_part bytea,
    body_digest bytea,
    body_id bytea,
    signature bytea,
    hash_chain_result bytea,
    hash_chain bytea,
    configuration_digest bytea,
    key_id text,
    ciphertext bytea,
    replay_key bytea,
    claims boolean
);
