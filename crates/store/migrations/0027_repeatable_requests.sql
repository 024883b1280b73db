-- Requests that were sent with an Idempotency-Key, and their answers.
CREATE TABLE repeatable_request (
    uuid BLOB PRIMARY KEY,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    request BLOB NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    answer TEXT NOT NULL
);
CREATE INDEX repeatable_request_user ON repeatable_request (user_id);
CREATE INDEX repeatable_request_expires ON repeatable_request (expires);
