-- How many calls of a quota are taken in a span of time, by all nodes together; nothing of a person stands here.
CREATE TABLE quota_use (
    -- Organisation, system, service but for an organisation's own, what is counted (organisation, officer, procedure), which one, and the span.
    key text NOT NULL,
    begins_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    taken bigint NOT NULL CHECK (taken >= 0),
    PRIMARY KEY (key, begins_at)
);
CREATE INDEX quota_use_by_age ON quota_use (ends_at);
