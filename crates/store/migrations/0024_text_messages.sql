-- Numbers that codes are sent to, as second factors.
CREATE TABLE sms_device (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    confirmed BIGINT NOT NULL,
    created BIGINT NOT NULL,
    last_updated BIGINT NOT NULL,
    last_used BIGINT,
    -- Or "hash:" and a keyed hash, of a number that was only checked.
    phone_number TEXT NOT NULL,
    stage BLOB NOT NULL,
    -- The code that was sent last, keyed and hashed; empty when it was used.
    code TEXT NOT NULL,
    code_expires BIGINT NOT NULL
);
CREATE INDEX sms_device_user ON sms_device (user_id);
CREATE INDEX sms_device_number ON sms_device (phone_number);
