-- A repeated question is answered with the octets of the first answer, for a time. The answer is kept encrypted; its
-- key is made of the registry's key and of the question itself, which stands nowhere here.
-- What was taken before this has no answer to be given again, and had no end: it is free.
DELETE FROM used_request;

ALTER TABLE used_request
    ADD COLUMN claim bigint NOT NULL DEFAULT 0,
    ADD COLUMN answer bytea;

CREATE INDEX used_request_by_age ON used_request (first_used_at);

-- Whether this call was answered with the kept answer to an earlier call of the same MaYeuCau and content.
ALTER TABLE access_log ADD COLUMN repeats boolean NOT NULL DEFAULT false;
