-- Codes of devices without a keyboard (RFC 8628), for some minutes. `hash` is the SHA-256 of the device's code; `user_code`
-- is keyed, since what a person types is short.
CREATE TABLE device_code (
    hash BLOB PRIMARY KEY,
    user_code BLOB NOT NULL UNIQUE,
    provider_id BIGINT NOT NULL,
    scope TEXT NOT NULL,
    expires BIGINT NOT NULL,
    removed BIGINT NOT NULL,
    state TEXT NOT NULL,
    polled BIGINT NOT NULL,
    pause BIGINT NOT NULL,
    user_id BIGINT REFERENCES users (id) ON DELETE CASCADE,
    session BLOB,
    sign_in TEXT NOT NULL
);
CREATE INDEX device_code_user ON device_code (user_id);
CREATE INDEX device_code_removed ON device_code (removed);

-- Clients that registered themselves (RFC 7591). `token_hash` is the SHA-256 of the token by which a client manages its registration.
CREATE TABLE client_registration (
    provider_id BIGINT PRIMARY KEY,
    application BLOB NOT NULL,
    token_hash BLOB NOT NULL,
    created BIGINT NOT NULL,
    user_id BIGINT REFERENCES users (id) ON DELETE SET NULL,
    metadata TEXT NOT NULL
);
CREATE INDEX client_registration_user ON client_registration (user_id);
