-- What has been kept long enough is dropped (retention.py), and nothing else may be deleted.

-- As before nothing is ever changed. A row is deleted only within a transaction that says it drops what is past its
-- period: a slip in a statement elsewhere still meets the trigger.
CREATE FUNCTION refuse_change_but_retention() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('ketnoi_identity.retention', true) = 'on' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'this table is insert-only';
END
$$;
DROP TRIGGER consent_use_is_insert_only ON consent_use;
CREATE TRIGGER consent_use_is_insert_only BEFORE UPDATE OR DELETE ON consent_use
    FOR EACH ROW EXECUTE FUNCTION refuse_change_but_retention();
DROP TRIGGER officer_token_is_insert_only ON officer_token;
CREATE TRIGGER officer_token_is_insert_only BEFORE UPDATE OR DELETE ON officer_token
    FOR EACH ROW EXECUTE FUNCTION refuse_change_but_retention();

-- When a consent ended, or will end: one that was agreed to, and a request that nobody agreed to.
CREATE INDEX consent_by_end ON consent (coalesce(revoked_at, valid_until)) WHERE agreed IS TRUE;
CREATE INDEX consent_request_by_end ON consent (coalesce(decided_at, answer_by)) WHERE agreed IS NOT TRUE;
-- Attempts that named no consent belong to none, and go by themselves.
CREATE INDEX consent_use_without_consent ON consent_use (at) WHERE code = '50';
CREATE INDEX objection_of_message ON objection (organisation, message_id);
CREATE INDEX desk_act_of_consent ON desk_act (consent) WHERE consent IS NOT NULL;
CREATE INDEX officer_token_by_time ON officer_token (at);
