-- Who has come in, from what: listed and ended by the account's holder. Django's own session holds the id.

CREATE TABLE account_session (
    id uuid PRIMARY KEY,
    account uuid NOT NULL REFERENCES account,
    began_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    -- In words, from what the browser says of itself.
    device text NOT NULL,
    -- `passkey` or `device`, and which.
    entered_by text NOT NULL,
    credential text NOT NULL,
    ended_at timestamptz
);
CREATE INDEX account_session_of_account ON account_session (account) WHERE ended_at IS NULL;

-- What a passkey or a device key is asked to sign: once, soon, by the browser that was asked.
CREATE TABLE challenge (
    value bytea PRIMARY KEY,
    -- SHA-256 of a secret of the browser's session.
    bound_to bytea NOT NULL,
    purpose text NOT NULL,
    nonce bytea NOT NULL,
    until timestamptz NOT NULL
);
CREATE INDEX challenge_until ON challenge (until);

-- How often somebody tried: a keyed digest of an address or a number, in a window of time.
CREATE TABLE attempt (
    who bytea NOT NULL,
    act text NOT NULL,
    until timestamptz NOT NULL,
    count integer NOT NULL,
    PRIMARY KEY (who, act)
);
