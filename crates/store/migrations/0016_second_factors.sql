-- Second factors. Those that are not confirmed have a name and count nowhere.
CREATE TABLE totp_device (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    confirmed BIGINT NOT NULL,
    created BIGINT NOT NULL,
    last_updated BIGINT NOT NULL,
    last_used BIGINT,
    secret TEXT NOT NULL,
    digits BIGINT NOT NULL,
    last_step BIGINT NOT NULL,
    drift BIGINT NOT NULL
);
CREATE INDEX totp_device_user ON totp_device (user_id);

CREATE TABLE static_device (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    confirmed BIGINT NOT NULL,
    created BIGINT NOT NULL,
    last_updated BIGINT NOT NULL,
    last_used BIGINT
);
CREATE INDEX static_device_user ON static_device (user_id);

-- Codes that were not used yet, as keyed hashes.
CREATE TABLE static_token (
    device_id BIGINT NOT NULL REFERENCES static_device (id) ON DELETE CASCADE,
    hash BLOB NOT NULL,
    PRIMARY KEY (device_id, hash)
);
