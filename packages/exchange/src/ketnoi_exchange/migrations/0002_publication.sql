-- What has been signed. Every node of the platform serves these bytes; one node at a time makes them.

CREATE TABLE publication (
    sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    version bigint NOT NULL,
    signer text NOT NULL,
    node text NOT NULL,
    published_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    paths text[] NOT NULL
);

CREATE TABLE published_directory (
    sequence bigint NOT NULL REFERENCES publication ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('internal', 'external')),
    version integer NOT NULL,
    data bytea NOT NULL,
    PRIMARY KEY (sequence, kind, version)
);

-- By content: /V<version>/<SHA-256>/<name>.
CREATE TABLE published_file (
    path text PRIMARY KEY,
    data bytea NOT NULL,
    needed_until timestamptz NOT NULL
);
