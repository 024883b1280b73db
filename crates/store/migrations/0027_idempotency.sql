-- Requests that were sent with an Idempotency-Key, and their answers.
CREATE TABLE idempotency (
    uuid BLOB PRIMARY KEY,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    request BLOB NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    answer TEXT NOT NULL
);
CREATE INDEX idempotency_user ON idempotency (user_id);
CREATE INDEX idempotency_expires ON idempotency (expires);
