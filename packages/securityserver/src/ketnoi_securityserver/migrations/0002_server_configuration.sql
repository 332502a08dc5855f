-- The server's own configuration. Identifiers are kept in their colon form (I:C:M:S).

CREATE TABLE client (
    id text PRIMARY KEY,
    connection_type text NOT NULL CHECK (connection_type IN ('HTTP', 'HTTPS_NO_AUTH', 'HTTPS')),
    status text NOT NULL CHECK (status IN ('SAVED', 'REGISTRATION_IN_PROGRESS')),
    added_at timestamptz NOT NULL
);

CREATE TABLE client_certificate (
    client text NOT NULL REFERENCES client ON DELETE CASCADE,
    sha256 bytea NOT NULL CHECK (length(sha256) = 32),
    certificate bytea NOT NULL,
    added_at timestamptz NOT NULL,
    PRIMARY KEY (client, sha256)
);

CREATE TABLE service_description (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    client text NOT NULL REFERENCES client ON DELETE CASCADE,
    type text NOT NULL CHECK (type IN ('REST', 'OPENAPI3')),
    url text NOT NULL,
    enabled boolean NOT NULL DEFAULT false,
    disabled_notice text NOT NULL DEFAULT '',
    refreshed_at timestamptz NOT NULL,
    UNIQUE (client, url)
);

CREATE TABLE service (
    description bigint NOT NULL REFERENCES service_description ON DELETE CASCADE,
    client text NOT NULL REFERENCES client ON DELETE CASCADE,
    code text NOT NULL,
    title text NOT NULL DEFAULT '',
    url text NOT NULL,
    timeout integer NOT NULL CHECK (timeout BETWEEN 0 AND 1000),
    verify_tls boolean NOT NULL,
    PRIMARY KEY (client, code)
);

-- Every service has the base endpoint `* **`; a right on it is a right to the whole service.
CREATE TABLE endpoint (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    client text NOT NULL,
    service_code text NOT NULL,
    method text NOT NULL,
    path text NOT NULL,
    generated boolean NOT NULL DEFAULT false,
    UNIQUE (client, service_code, method, path),
    FOREIGN KEY (client, service_code) REFERENCES service ON DELETE CASCADE
);

-- A right names the security servers that it may be used from; without one it opens nothing.
CREATE TABLE access_right (
    endpoint bigint NOT NULL REFERENCES endpoint ON DELETE CASCADE,
    subject text NOT NULL,
    security_servers text[] NOT NULL,
    given_at timestamptz NOT NULL,
    PRIMARY KEY (endpoint, subject)
);

-- What was decided about certificates of our own keys, by their SHA-256; the keys and certificates are files.
CREATE TABLE token_certificate (
    sha256 bytea PRIMARY KEY CHECK (length(sha256) = 32),
    active boolean NOT NULL DEFAULT true,
    registration_asked_at timestamptz
);

CREATE TABLE serverconf_version (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    version bigint NOT NULL
);
INSERT INTO serverconf_version (version) VALUES (1);

-- Only the hash of a key is kept; the key itself is shown once, when it is made.
CREATE TABLE api_key (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key_sha256 bytea NOT NULL UNIQUE CHECK (length(key_sha256) = 32),
    roles text[] NOT NULL,
    added_at timestamptz NOT NULL
);

-- Who changed what, written in the transaction of the change itself.
CREATE TABLE audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    details jsonb NOT NULL
);
CREATE TRIGGER audit_stays BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION insert_only();
CREATE TRIGGER audit_is_never_emptied BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION insert_only();
