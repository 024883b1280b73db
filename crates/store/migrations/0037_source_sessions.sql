-- The session at a source by which somebody signed in, by the names it has there, so that either side can end the other's.
CREATE TABLE source_session (
    session BLOB PRIMARY KEY REFERENCES session (uuid) ON DELETE CASCADE,
    source BLOB NOT NULL,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    subject TEXT NOT NULL,
    session_index TEXT NOT NULL,
    said TEXT NOT NULL
);
CREATE INDEX source_session_subject ON source_session (source, subject);
CREATE INDEX source_session_user ON source_session (user_id);
