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
CREATE INDEX attempt_until ON attempt (until);

-- A code of a police desk, or of a guardian, by which one new passkey or device key is taken.
CREATE TABLE enrolment_code (
    sha256 bytea PRIMARY KEY,
    account uuid NOT NULL REFERENCES account,
    made_by text NOT NULL,
    at timestamptz NOT NULL,
    until timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX enrolment_code_of_account ON enrolment_code (account);

-- Who answers for the account of somebody under 14.
CREATE TABLE guardian (
    account uuid PRIMARY KEY REFERENCES account,
    guardian uuid NOT NULL REFERENCES account,
    since timestamptz NOT NULL
);
CREATE INDEX guardian_of ON guardian (guardian);

-- What an officer of a desk has begun and a second one has to witness before it counts.
CREATE TABLE desk_act (
    id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('attest', 'recover', 'consent')),
    account uuid REFERENCES account,
    -- The consent that is decided, for somebody who need not have an account.
    consent text REFERENCES consent,
    decision text CHECK (decision IN ('agree', 'refuse', 'take_back')),
    -- Who stood there, as on their papers: for the witness to compare.
    person_name text NOT NULL,
    person_birth text NOT NULL,
    unit text NOT NULL,
    officer uuid NOT NULL REFERENCES desk_officer,
    officer_proof jsonb NOT NULL,
    at timestamptz NOT NULL,
    until timestamptz NOT NULL,
    witness uuid REFERENCES desk_officer,
    witness_proof jsonb,
    witnessed_at timestamptz,
    CONSTRAINT a_witness_is_somebody_else CHECK (witness <> officer),
    CONSTRAINT it_is_about_something CHECK ((kind = 'consent') = (consent IS NOT NULL) AND (kind = 'consent') = (decision IS NOT NULL))
);
CREATE INDEX desk_act_of_unit ON desk_act (unit, at DESC);
