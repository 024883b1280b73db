-- Accounts at Duo, as second factors.
CREATE TABLE duo_device (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    confirmed BIGINT NOT NULL,
    created BIGINT NOT NULL,
    last_updated BIGINT NOT NULL,
    last_used BIGINT,
    duo_user_id TEXT NOT NULL,
    stage BLOB NOT NULL
);
CREATE INDEX duo_device_user ON duo_device (user_id);
CREATE INDEX duo_device_account ON duo_device (duo_user_id);
