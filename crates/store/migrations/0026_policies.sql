-- What each name did from each address of late: failed sign-ins and right ones.
CREATE TABLE reputation (
    uuid BLOB PRIMARY KEY,
    identifier TEXT NOT NULL,
    ip TEXT NOT NULL,
    network TEXT NOT NULL,
    geo TEXT,
    asn TEXT,
    score BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    expires BIGINT NOT NULL
);
CREATE UNIQUE INDEX reputation_pair ON reputation (identifier, ip);
CREATE INDEX reputation_ip ON reputation (ip);
CREATE INDEX reputation_network ON reputation (network);
CREATE INDEX reputation_expires ON reputation (expires);

-- Hashes of passwords that accounts had, while a policy asks that new ones differ from them.
CREATE TABLE password_history (
    uuid BLOB PRIMARY KEY,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    password TEXT NOT NULL,
    created BIGINT NOT NULL
);
CREATE INDEX password_history_user ON password_history (user_id, created);
