-- What agencies ask citizens for, what they say, and each time it is used.

CREATE TABLE consent (
    -- MaGiaoDichDongY: 26 characters, told to nobody but the agency and the citizen.
    id text PRIMARY KEY,
    organisation text NOT NULL,
    unit text NOT NULL,
    -- Who asked: the officer's code as it stood in the message, and the message.
    officer text NOT NULL,
    message_id text NOT NULL,
    -- What for.
    service text NOT NULL,
    fields text[] NOT NULL,
    procedure_code text NOT NULL,
    purpose text NOT NULL,
    one_time boolean NOT NULL,
    lasts_seconds bigint NOT NULL CHECK (lasts_seconds > 0),
    -- Whom. None: number, name and birth date were nobody's; nobody sees such a request, and it expires.
    personal_number text CHECK (personal_number ~ '^[0-9]{12}$'),
    -- A keyed digest of the number that the agency claimed, whoever holds it: by it requests are counted.
    about text,
    -- What the request is known by when it is repeated under its MaYeuCau (ketnoi_protocol.consent.Begin).
    question text,
    asked_at timestamptz NOT NULL,
    answer_by timestamptz NOT NULL,
    -- What the citizen said; the state is judged from these moments (consent/rules.py).
    decided_at timestamptz,
    agreed boolean,
    -- What was shown when it was decided, and how the decision was proved: passkey, device key, or a desk.
    decided_by text,
    proof jsonb,
    -- The receipt, a JWS, once agreed.
    receipt text,
    valid_until timestamptz,
    revoked_at timestamptz,
    revoked_by text,
    -- A one-time consent is used up by this question (ketnoi_protocol.consent.Use), first at that moment.
    used_up_by text,
    used_up_at timestamptz,
    CONSTRAINT what_is_used_up_was_so_once CHECK ((used_up_by IS NULL) = (used_up_at IS NULL)),
    CONSTRAINT a_decision_is_whole CHECK (num_nulls(decided_at, agreed, decided_by) IN (0, 3)),
    CONSTRAINT only_what_was_agreed_lasts CHECK ((agreed IS TRUE) = (valid_until IS NOT NULL)),
    CONSTRAINT only_what_was_agreed_is_taken_back CHECK (revoked_at IS NULL OR agreed)
);
CREATE UNIQUE INDEX one_consent_a_message ON consent (organisation, message_id);
CREATE INDEX consent_of_question ON consent (organisation, question, asked_at DESC);
CREATE INDEX consent_of_person ON consent (personal_number, asked_at DESC);
CREATE INDEX consent_of_organisation ON consent (organisation, asked_at DESC);
CREATE INDEX consent_about ON consent (about, organisation, asked_at DESC) WHERE about IS NOT NULL;

-- Each time a consent was used, or could not be: insert-only, one row for a message. `code` is that of the table of
-- refusals, or `00`.
CREATE TABLE consent_use (
    organisation text NOT NULL,
    message_id text NOT NULL,
    question text NOT NULL,
    consent text NOT NULL,
    at timestamptz NOT NULL,
    unit text NOT NULL,
    officer text NOT NULL,
    service text NOT NULL,
    fields text[] NOT NULL,
    procedure_code text NOT NULL,
    code text NOT NULL,
    PRIMARY KEY (organisation, message_id)
);
CREATE INDEX consent_use_of_consent ON consent_use (consent, at DESC);
CREATE TRIGGER consent_use_is_insert_only BEFORE UPDATE OR DELETE ON consent_use
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Objections to a look at somebody's data (Law 91/2025): with a reason, answered by C06 and by the agency.
CREATE TABLE objection (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account uuid NOT NULL REFERENCES account,
    -- The entry objected to, as it stood in the register's access log.
    organisation text NOT NULL,
    unit text,
    message_id text NOT NULL,
    system text NOT NULL,
    service text NOT NULL,
    procedure_code text,
    looked_at timestamptz NOT NULL,
    reason text NOT NULL,
    made_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL
);
CREATE INDEX objection_of_account ON objection (account, id);

CREATE TABLE objection_answer (
    objection bigint NOT NULL REFERENCES objection,
    by_whom text NOT NULL CHECK (by_whom IN ('c06', 'agency')),
    words text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (objection, by_whom)
);

-- The agencies whose systems citizens and officers sign in to: written by the portal from approved applications alone.
CREATE TABLE client (
    client_id text PRIMARY KEY,
    organisation text NOT NULL,
    name_vi text NOT NULL,
    name_en text NOT NULL,
    redirect_uris text[] NOT NULL,
    -- The public keys (JWK Set) with which it proves itself.
    jwks jsonb NOT NULL
);

CREATE TABLE client_version (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    version bigint NOT NULL,
    accepted_at timestamptz NOT NULL
);

-- The code under which an account acts as an officer of an organisation: pairwise, no personal number.
CREATE TABLE officer (
    organisation text NOT NULL,
    code text NOT NULL,
    account uuid NOT NULL REFERENCES account,
    since timestamptz NOT NULL,
    PRIMARY KEY (organisation, code),
    UNIQUE (organisation, account)
);
