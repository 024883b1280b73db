-- The session at a source by which somebody signed in, by the names it has there, so that either side can end the other's.
-- A row goes with its session.
CREATE TABLE source_session (
    session BLOB PRIMARY KEY,
    source BLOB NOT NULL,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    subject TEXT NOT NULL,
    session_index TEXT NOT NULL,
    said TEXT NOT NULL
);
CREATE INDEX source_session_subject ON source_session (source, subject);
CREATE INDEX source_session_user ON source_session (user_id);

-- embedded {
CREATE TRIGGER source_session_ends AFTER DELETE ON session BEGIN
    DELETE FROM source_session WHERE session = OLD.uuid;
END;
-- }
-- server {
CREATE FUNCTION source_session_end() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM source_session WHERE session = OLD.uuid;
    RETURN NULL;
END $$;
CREATE TRIGGER source_session_ends AFTER DELETE ON session FOR EACH ROW EXECUTE FUNCTION source_session_end();
-- }
