-- What tells the nodes' pseudonym keys from others of the same name: all nodes of a database must have the same.
CREATE TABLE pseudonym_key (
    name text PRIMARY KEY,
    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32)
);
