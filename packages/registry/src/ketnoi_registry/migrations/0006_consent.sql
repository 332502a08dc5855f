-- Which of the two systems was asked, under which consent of the citizen, and whether the officer proved who they are.

ALTER TABLE access_log
    -- NULL in rows from before the two systems were told apart.
    ADD COLUMN system text CHECK (system IN ('population', 'identity')),
    -- MaGiaoDichDongY as it was told, of the identity system alone.
    ADD COLUMN consent text;

-- On the identity side the officer's card proves it (TheCanBo), where one was sent.
ALTER TABLE access_log DROP CONSTRAINT access_log_officer_identity_check;
ALTER TABLE access_log ADD CONSTRAINT access_log_officer_identity_check
    CHECK (officer_identity IN ('asserted_by_agency', 'proved_by_eid'));
