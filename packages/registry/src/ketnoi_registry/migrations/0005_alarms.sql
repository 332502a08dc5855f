-- What is conspicuous, and the counts by which it is found. No number, name or clear mark of a person stands here.

-- Calls of one officer in one hour, over all nodes; kept for a day.
CREATE TABLE alarm_count (
    organisation text NOT NULL,
    officer text NOT NULL,
    hour timestamptz NOT NULL,
    calls bigint NOT NULL CHECK (calls >= 0),
    found bigint NOT NULL CHECK (found BETWEEN 0 AND calls),
    since timestamptz NOT NULL,
    PRIMARY KEY (organisation, officer, hour)
);
CREATE INDEX alarm_count_by_age ON alarm_count (hour);

-- Which persons of one block of numbers (all digits but the last three) an officer asked for; kept for a day. Both are
-- HMAC-SHA-256 under the registry's keys.
CREATE TABLE alarm_asked (
    organisation text NOT NULL,
    officer text NOT NULL,
    block bytea NOT NULL CHECK (length(block) = 32),
    person bytea NOT NULL CHECK (length(person) = 32),
    asked_at timestamptz NOT NULL,
    PRIMARY KEY (organisation, officer, block, person)
);
CREATE INDEX alarm_asked_by_age ON alarm_asked (asked_at);

-- Persons for whom nobody has a reason to ask, under every key.
CREATE TABLE canary (
    pseudonym bytea PRIMARY KEY CHECK (length(pseudonym) = 32),
    key_id text NOT NULL
);

-- Once for each kind, officer and hour. Ids become visible in their order.
CREATE TABLE alarm (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('enumeration', 'low_hit_rate', 'odd_hours', 'canary')),
    organisation text NOT NULL,
    officer text NOT NULL,
    hour timestamptz NOT NULL,
    raised_at timestamptz NOT NULL,
    instance text NOT NULL,
    account text NOT NULL,
    unit text NOT NULL,
    procedure text NOT NULL,
    count bigint NOT NULL CHECK (count > 0),
    since timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    message_id text NOT NULL,
    UNIQUE (kind, organisation, officer, hour)
);
