-- Addresses that codes are sent to, as second factors.
CREATE TABLE email_device (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    confirmed BIGINT NOT NULL,
    created BIGINT NOT NULL,
    last_updated BIGINT NOT NULL,
    last_used BIGINT,
    email TEXT NOT NULL,
    stage BLOB NOT NULL,
    -- The code that was sent last, keyed and hashed; empty when it was used.
    code TEXT NOT NULL,
    code_expires BIGINT NOT NULL
);
CREATE INDEX email_device_user ON email_device (user_id);
CREATE INDEX email_device_email ON email_device (email);

-- What was sent within the last hour, by the keyed hash of the address or number.
CREATE TABLE sent_message (
    id BLOB PRIMARY KEY,
    place BLOB NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX sent_message_place ON sent_message (place);
CREATE INDEX sent_message_expires ON sent_message (expires);
