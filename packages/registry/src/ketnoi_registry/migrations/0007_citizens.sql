-- What the citizens' page needs: the way from a person to the old numbers they held, and lawful secrecy.

CREATE INDEX old_id_number_by_person ON old_id_number (personal_number);

-- A look under a seal is kept from the person it was about until the seal ends. It covers one message, or an
-- organisation's looks for one procedure in a span of time. The rows of the access log stay as they are.
CREATE TABLE seal (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organisation text NOT NULL,
    message_id text,
    procedure_code text,
    looked_from timestamptz,
    looked_until timestamptz,
    sealed_until timestamptz NOT NULL,
    legal_basis text NOT NULL CHECK (length(legal_basis) BETWEEN 1 AND 300),
    ordered_by text NOT NULL CHECK (length(ordered_by) BETWEEN 1 AND 300),
    made_at timestamptz NOT NULL,
    -- Ended before its time.
    lifted_at timestamptz,
    CONSTRAINT a_seal_is_of_a_message_or_a_span CHECK (
        (message_id IS NULL AND num_nulls(procedure_code, looked_from, looked_until) = 0)
        OR (message_id IS NOT NULL AND num_nonnulls(procedure_code, looked_from, looked_until) = 0)
    ),
    CONSTRAINT a_span_ends_after_it_begins CHECK (looked_until > looked_from),
    CONSTRAINT a_seal_ends_after_it_is_made CHECK (sealed_until > made_at)
);
CREATE INDEX seal_by_message ON seal (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX seal_by_procedure ON seal (procedure_code) WHERE procedure_code IS NOT NULL;

-- Who ordered what about seals, and on which legal basis: insert-only.
CREATE TABLE seal_audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    act text NOT NULL CHECK (act IN ('seal', 'unseal')),
    seal bigint NOT NULL REFERENCES seal,
    legal_basis text NOT NULL,
    ordered_by text NOT NULL,
    -- The account of the machine's operator who ran the command.
    typed_by text NOT NULL
);

CREATE FUNCTION refuse_change_of_seals() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'this table is insert-only';
END
$$;
CREATE TRIGGER seal_audit_is_insert_only BEFORE UPDATE OR DELETE ON seal_audit
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_seals();
CREATE TRIGGER seal_audit_is_never_emptied BEFORE TRUNCATE ON seal_audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_seals();
CREATE TRIGGER a_seal_is_not_removed BEFORE DELETE ON seal
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_seals();
