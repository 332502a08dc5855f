-- What one platform in one environment has registered and approved. Identifiers are kept in their colon form (I:C:M:S).

-- `version` counts the changes; whoever changes anything takes this row first, so that changes stand in a row.
CREATE TABLE platform (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    instance text NOT NULL,
    rehearsal boolean NOT NULL,
    version bigint NOT NULL,
    addresses text[] NOT NULL CHECK (cardinality(addresses) > 0),
    anchor_made_at timestamptz NOT NULL,
    ocsp_freshness_seconds integer NOT NULL CHECK (ocsp_freshness_seconds > 0),
    timestamp_interval_seconds integer NOT NULL CHECK (timestamp_interval_seconds > 0),
    management_provider text
);

CREATE TABLE member_class (
    code text PRIMARY KEY,
    description text NOT NULL
);

CREATE TABLE member (
    id text PRIMARY KEY,
    member_class text NOT NULL REFERENCES member_class,
    name text NOT NULL,
    added_at timestamptz NOT NULL
);

CREATE TABLE subsystem (
    id text PRIMARY KEY,
    member text NOT NULL REFERENCES member,
    name text,
    added_at timestamptz NOT NULL
);
CREATE INDEX subsystem_by_member ON subsystem (member);

ALTER TABLE platform ADD FOREIGN KEY (management_provider) REFERENCES subsystem;

CREATE TABLE security_server (
    id text PRIMARY KEY,
    owner text NOT NULL REFERENCES member,
    address text NOT NULL,
    in_maintenance boolean NOT NULL DEFAULT false,
    maintenance_message text,
    added_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX security_server_by_owner ON security_server (owner);

CREATE TABLE authentication_certificate (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    server text NOT NULL REFERENCES security_server ON DELETE CASCADE,
    sha256 bytea NOT NULL UNIQUE CHECK (length(sha256) = 32),
    certificate bytea NOT NULL,
    added_at timestamptz NOT NULL
);
CREATE INDEX authentication_certificate_by_server ON authentication_certificate (server);

CREATE TABLE server_client (
    server text NOT NULL REFERENCES security_server ON DELETE CASCADE,
    client text NOT NULL REFERENCES subsystem,
    added_at timestamptz NOT NULL,
    PRIMARY KEY (server, client)
);
CREATE INDEX server_client_by_client ON server_client (client);

CREATE TABLE global_group (
    code text PRIMARY KEY,
    description text NOT NULL,
    added_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

-- A member or a subsystem; the actions see to it that it exists.
CREATE TABLE global_group_member (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    group_code text NOT NULL REFERENCES global_group ON DELETE CASCADE,
    client text NOT NULL,
    added_at timestamptz NOT NULL,
    UNIQUE (group_code, client)
);

CREATE TABLE certification_service (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    sha256 bytea NOT NULL UNIQUE CHECK (length(sha256) = 32),
    certificate bytea NOT NULL,
    profile text NOT NULL,
    authentication_only boolean NOT NULL,
    csr_format text CHECK (csr_format IN ('PEM', 'DER')),
    acme_directory_url text,
    acme_ip_address text,
    acme_authentication_profile text,
    acme_signing_profile text
);

CREATE TABLE intermediate_authority (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    service integer NOT NULL REFERENCES certification_service ON DELETE CASCADE,
    sha256 bytea NOT NULL CHECK (length(sha256) = 32),
    certificate bytea NOT NULL,
    UNIQUE (service, sha256)
);

CREATE TABLE ocsp_responder (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    service integer REFERENCES certification_service ON DELETE CASCADE,
    intermediate integer REFERENCES intermediate_authority ON DELETE CASCADE,
    url text NOT NULL,
    certificate bytea,
    cost text CHECK (cost IN ('FREE', 'PAID', 'UNDEFINED')),
    CONSTRAINT it_answers_for_one_authority CHECK (num_nonnulls(service, intermediate) = 1)
);

CREATE TABLE timestamping_service (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    url text NOT NULL,
    sha256 bytea NOT NULL CHECK (length(sha256) = 32),
    certificate bytea NOT NULL,
    cost text CHECK (cost IN ('FREE', 'PAID', 'UNDEFINED')),
    UNIQUE (sha256, url)
);

-- What was asked for, by a security server or by the centre, and what became of it.
CREATE TABLE management_request (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    type text NOT NULL,
    origin text NOT NULL CHECK (origin IN ('CENTER', 'SECURITY_SERVER')),
    server text NOT NULL,
    client text,
    subsystem_name text,
    address text,
    certificate bytea,
    comments text NOT NULL DEFAULT '',
    status text NOT NULL CHECK (status IN ('WAITING', 'APPROVED', 'DECLINED')),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX management_request_by_server ON management_request (server);
CREATE INDEX management_request_waiting ON management_request (id) WHERE status = 'WAITING';

-- The certificates whose keys may sign the configuration; the keys themselves are files of the nodes.
CREATE TABLE signing_key (
    id text PRIMARY KEY,
    label text NOT NULL,
    algorithm text NOT NULL CHECK (algorithm IN ('EC', 'RSA')),
    certificate bytea NOT NULL,
    active boolean NOT NULL,
    added_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX one_signing_key_is_active ON signing_key (active) WHERE active;

-- Only the hash of a key is kept; the key itself is shown once, when it is made.
CREATE TABLE api_key (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key_sha256 bytea NOT NULL UNIQUE CHECK (length(key_sha256) = 32),
    roles text[] NOT NULL,
    added_at timestamptz NOT NULL
);

-- Who changed what, and what stood there before and after; written in the transaction of the change itself.
-- One row for each version of the platform, without gaps.
CREATE TABLE history (
    version bigint PRIMARY KEY,
    at timestamptz NOT NULL,
    actor text NOT NULL CHECK (actor <> ''),
    action text NOT NULL,
    subject text NOT NULL,
    before jsonb,
    after jsonb
);

CREATE FUNCTION refuse_change_of_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the history is insert-only';
END
$$;

CREATE TRIGGER history_is_insert_only BEFORE UPDATE OR DELETE ON history
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_history();
CREATE TRIGGER history_is_never_emptied BEFORE TRUNCATE ON history
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_history();
