-- A browser that is signed in to an application behind a proxy: its cookie, hashed, and its access token, sealed
-- with a key that only the cookie has.
CREATE TABLE proxy_session (
    hash BLOB PRIMARY KEY,
    provider_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token TEXT NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX proxy_session_user ON proxy_session (user_id);
CREATE INDEX proxy_session_expires ON proxy_session (expires);
