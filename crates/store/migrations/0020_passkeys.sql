-- Passkeys and security keys. Those that are not confirmed have a name and count nowhere.
CREATE TABLE webauthn_device (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    confirmed BIGINT NOT NULL,
    created BIGINT NOT NULL,
    last_updated BIGINT NOT NULL,
    last_used BIGINT,
    credential_id TEXT UNIQUE,
    public_key TEXT NOT NULL,
    sign_count BIGINT NOT NULL,
    rp_id TEXT NOT NULL,
    aaguid TEXT NOT NULL,
    backup_eligible BIGINT NOT NULL
);
CREATE INDEX webauthn_device_user ON webauthn_device (user_id);

-- Challenges that were answered, so that no answer counts twice.
CREATE TABLE webauthn_challenge (
    code BLOB PRIMARY KEY,
    expires BIGINT NOT NULL
);
CREATE INDEX webauthn_challenge_expires ON webauthn_challenge (expires);
