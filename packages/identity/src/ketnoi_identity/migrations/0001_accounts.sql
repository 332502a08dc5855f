-- Citizens' accounts. A personal number stands here and nowhere else but in the register: it is what joins an account
-- to a person. Moments are handed in, never asked of the database.

CREATE TABLE account (
    id uuid PRIMARY KEY,
    -- None once the account is closed: its events and consents keep the id alone.
    personal_number text CHECK (personal_number ~ '^[0-9]{12}$'),
    full_name text,
    -- `yyyy-mm-dd`, `yyyy-mm` or `yyyy`, as the register has it.
    birth_text text,
    level smallint NOT NULL CHECK (level IN (1, 2)),
    state text NOT NULL CHECK (state IN ('active', 'locked', 'closed')),
    -- scrypt; None for whoever uses passkeys alone.
    passcode_hash text,
    wrong_attempts smallint NOT NULL DEFAULT 0,
    -- Too many wrong attempts lock until then; a lock without an end is lifted at a police desk.
    locked_until timestamptz,
    -- Sessions that began before this moment are over.
    sessions_after timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    closed_at timestamptz,
    CONSTRAINT a_closed_account_names_nobody
        CHECK ((state = 'closed') = (personal_number IS NULL) AND (state = 'closed') = (closed_at IS NOT NULL))
);

CREATE UNIQUE INDEX one_account_a_person ON account (personal_number) WHERE personal_number IS NOT NULL;

-- Passkeys (WebAuthn): the credential's id, its public key as COSE.
CREATE TABLE passkey (
    credential_id bytea PRIMARY KEY,
    account uuid NOT NULL REFERENCES account,
    public_key bytea NOT NULL,
    sign_count bigint NOT NULL,
    name text NOT NULL,
    added_at timestamptz NOT NULL,
    last_used_at timestamptz,
    removed_at timestamptz
);
CREATE INDEX passkey_of_account ON passkey (account);

-- A device's own P-256 key (SubjectPublicKeyInfo, DER), which never leaves it; counts with the passcode alone.
CREATE TABLE device_key (
    id uuid PRIMARY KEY,
    account uuid NOT NULL REFERENCES account,
    public_key bytea NOT NULL,
    name text NOT NULL,
    added_at timestamptz NOT NULL,
    last_used_at timestamptz,
    removed_at timestamptz
);
CREATE INDEX device_key_of_account ON device_key (account);

-- The terms of use, which hold the personal security commitment. The newest whose `valid_from` has come are current.
CREATE TABLE terms (
    version text PRIMARY KEY,
    sha256 bytea NOT NULL CHECK (length(sha256) = 32),
    valid_from timestamptz NOT NULL
);

CREATE TABLE terms_acceptance (
    account uuid NOT NULL REFERENCES account,
    version text NOT NULL REFERENCES terms,
    sha256 bytea NOT NULL CHECK (length(sha256) = 32),
    accepted_at timestamptz NOT NULL,
    PRIMARY KEY (account, version)
);

-- Whose account is a police officer's, at which desk. Given and ended by `ketnoi-identity desk`.
CREATE TABLE desk_officer (
    id uuid PRIMARY KEY,
    account uuid NOT NULL REFERENCES account,
    unit text NOT NULL,
    unit_name text NOT NULL,
    since timestamptz NOT NULL,
    until timestamptz
);
CREATE INDEX desk_officer_of_account ON desk_officer (account);

-- Level 2: an officer of a desk saw the person, in the presence of a second one. No biometrics are kept.
CREATE TABLE attestation (
    id uuid PRIMARY KEY,
    account uuid NOT NULL REFERENCES account,
    officer uuid NOT NULL REFERENCES desk_officer,
    witness uuid NOT NULL REFERENCES desk_officer,
    at timestamptz NOT NULL,
    revoked_at timestamptz,
    revoked_by uuid REFERENCES desk_officer,
    revoked_because text,
    CONSTRAINT a_witness_is_somebody_else CHECK (witness <> officer)
);
CREATE INDEX attestation_of_account ON attestation (account);

-- What happened to accounts: insert-only, no personal number.
CREATE TABLE account_event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account uuid NOT NULL REFERENCES account,
    at timestamptz NOT NULL,
    kind text NOT NULL,
    -- An account's id, or a word such as `system`.
    by_whom text NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX account_event_of_account ON account_event (account, id);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'this table is insert-only';
END
$$;
CREATE TRIGGER account_event_is_insert_only BEFORE UPDATE OR DELETE ON account_event
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
