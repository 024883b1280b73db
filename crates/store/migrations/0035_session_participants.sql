-- Which applications people have signed in to in a session, and by which names these know person and session. The rows
-- outlive session and account until the applications were told that it has ended.
CREATE TABLE session_participant (
    hash BLOB PRIMARY KEY,
    session BLOB NOT NULL,
    provider_id BIGINT NOT NULL,
    user_id BIGINT REFERENCES users (id) ON DELETE SET NULL,
    subject TEXT NOT NULL,
    subject_format TEXT NOT NULL,
    session_index TEXT NOT NULL,
    issuer TEXT NOT NULL,
    state TEXT NOT NULL,
    note TEXT NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX session_participant_session ON session_participant (session);
CREATE INDEX session_participant_subject ON session_participant (provider_id, subject);
CREATE INDEX session_participant_index ON session_participant (provider_id, session_index);
CREATE INDEX session_participant_user ON session_participant (user_id);
CREATE INDEX session_participant_expires ON session_participant (expires);
-- Found by what looks for applications that have to be told, however many sessions live.
CREATE INDEX session_participant_ended ON session_participant (state) WHERE state = 'ended';

-- What was known of applications that speak SAML.
INSERT INTO session_participant (hash, session, provider_id, user_id, subject, subject_format, session_index, issuer, state, note, expires)
SELECT hash, session, provider_id, user_id, name_id, name_id_format, session_index, '',
    CASE WHEN EXISTS (SELECT 1 FROM session WHERE session.uuid = saml_session.session) THEN 'live' ELSE 'ended' END, '', expires
FROM saml_session;
DROP TABLE saml_session;
DELETE FROM task WHERE name IN ('saml_logout', 'saml_sessions') AND state = 'queued';
DELETE FROM schedule WHERE name = 'saml_sessions';

-- embedded {
CREATE TRIGGER session_participant_ends AFTER DELETE ON session BEGIN
    UPDATE session_participant SET state = 'ended' WHERE session = OLD.uuid AND state = 'live';
END;
-- }
-- server {
CREATE FUNCTION session_participant_end() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    UPDATE session_participant SET state = 'ended' WHERE session = OLD.uuid AND state = 'live';
    RETURN NULL;
END $$;
CREATE TRIGGER session_participant_ends AFTER DELETE ON session FOR EACH ROW EXECUTE FUNCTION session_participant_end();
-- }
