-- Calls are counted in steps of ten minutes, so that a stretch of an hour may begin in any of them. What was counted by
-- the hour is taken for the first step of that hour.
ALTER TABLE alarm_count RENAME COLUMN hour TO begins_at;

-- Numbers gone through by several officers of one organisation.
CREATE INDEX alarm_asked_by_block ON alarm_asked (organisation, block);
ALTER TABLE alarm DROP CONSTRAINT alarm_kind_check;
ALTER TABLE alarm ADD CONSTRAINT alarm_kind_check
    CHECK (kind IN ('enumeration', 'enumeration_by_many', 'low_hit_rate', 'odd_hours', 'canary'));
