-- A code that somebody's phone shows and a desk types: who stands there is who holds the account's keys.
CREATE TABLE presence_code (
    sha256 bytea PRIMARY KEY,
    account uuid NOT NULL REFERENCES account,
    until timestamptz NOT NULL
);
CREATE INDEX presence_code_of_account ON presence_code (account);
