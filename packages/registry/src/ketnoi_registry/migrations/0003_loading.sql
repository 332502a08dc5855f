-- Loads of files: how far each one has come, and which lines were not taken. Progress is written in the transaction
-- that writes the people, so a load that was killed goes on where it stood. Nothing of a line is kept but its number.

CREATE TABLE load_run (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('people', 'update', 'life_status')),
    file_name text NOT NULL,
    file_digest bytea NOT NULL CHECK (length(file_digest) = 32),
    state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'finished', 'given_up')),
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    lines bigint NOT NULL DEFAULT 0,
    octets bigint NOT NULL DEFAULT 0,
    added bigint NOT NULL DEFAULT 0,
    changed bigint NOT NULL DEFAULT 0,
    refused bigint NOT NULL DEFAULT 0,
    CONSTRAINT what_runs_has_not_ended CHECK ((state = 'running') = (ended_at IS NULL))
);
CREATE UNIQUE INDEX one_run_of_a_file ON load_run (kind, file_name) WHERE state = 'running';

CREATE TABLE load_remark (
    load_run bigint NOT NULL,
    line bigint NOT NULL,
    code text NOT NULL,
    PRIMARY KEY (load_run, line, code)
);

-- Whether a text is a day yyyy-mm-dd that exists. Never an error: a load judges a whole batch in one statement. One
-- regular expression knows every day but the 29th of February.
CREATE FUNCTION is_day(given text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    CASE
        WHEN given LIKE '0000%' THEN false
        WHEN given ~ '^[0-9]{4}-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)$'
            THEN true
        WHEN given ~ '^[0-9]{4}-02-29$' THEN substr(given, 1, 4)::int % 4 = 0
            AND (substr(given, 1, 4)::int % 100 <> 0 OR substr(given, 1, 4)::int % 400 = 0)
        ELSE given IS NULL AND NULL
    END;
