-- What the OpenID provider keeps. Codes and tokens stand here as SHA-256 digests alone: whoever reads this database
-- can use none of them. Clients are the table `client`, which the portal alone writes and replaces as a whole, so that
-- nothing here refers to its rows; a client that is no longer there is refused wherever it comes.

-- An authorization code: used once, bound to client, redirect URI and verifier.
CREATE TABLE openid_code (
    digest bytea PRIMARY KEY CHECK (length(digest) = 32),
    client_id text NOT NULL,
    account uuid NOT NULL REFERENCES account,
    redirect_uri text NOT NULL,
    scope text NOT NULL,
    nonce text NOT NULL,
    -- PKCE, method S256: there is no other.
    challenge text NOT NULL,
    -- Whose session it was made in, since when; what comes of it ends with that session.
    session uuid NOT NULL REFERENCES account_session,
    signed_in_at timestamptz NOT NULL,
    -- The assurance level when the code was made.
    level smallint NOT NULL CHECK (level IN (1, 2)),
    made_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    -- A client's nonce counts once.
    UNIQUE (client_id, nonce)
);
CREATE INDEX openid_code_of_account ON openid_code (account, made_at);
CREATE INDEX openid_code_by_end ON openid_code (expires_at);

-- An access token. A code that is shown again takes back what it was exchanged for.
CREATE TABLE openid_token (
    digest bytea PRIMARY KEY CHECK (length(digest) = 32),
    code bytea NOT NULL REFERENCES openid_code,
    client_id text NOT NULL,
    account uuid NOT NULL REFERENCES account,
    session uuid NOT NULL REFERENCES account_session,
    scope text NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX openid_token_of_code ON openid_token (code);

-- The assertions with which clients proved themselves, until none would be taken any more anyway.
CREATE TABLE openid_assertion (
    client_id text NOT NULL,
    digest bytea NOT NULL CHECK (length(digest) = 32),
    until timestamptz NOT NULL,
    PRIMARY KEY (client_id, digest)
);
CREATE INDEX openid_assertion_by_end ON openid_assertion (until);

-- Each officer's token that was given out: insert-only.
CREATE TABLE officer_token (
    jti text PRIMARY KEY,
    organisation text NOT NULL,
    officer text NOT NULL,
    client_id text NOT NULL,
    message_id text NOT NULL,
    terms text NOT NULL,
    at timestamptz NOT NULL,
    FOREIGN KEY (organisation, officer) REFERENCES officer (organisation, code)
);
CREATE INDEX officer_token_of_officer ON officer_token (organisation, officer, at);
CREATE TRIGGER officer_token_is_insert_only BEFORE UPDATE OR DELETE ON officer_token
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
