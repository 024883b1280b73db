-- Which applications a session has signed in to by SAML, and by which names they know the person. The rows of a session
-- outlive it until its applications were told.
CREATE TABLE saml_session (
    hash BLOB PRIMARY KEY,
    session BLOB NOT NULL,
    provider_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name_id TEXT NOT NULL,
    name_id_format TEXT NOT NULL,
    session_index TEXT NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX saml_session_session ON saml_session (session);
CREATE INDEX saml_session_named ON saml_session (provider_id, name_id);
CREATE INDEX saml_session_user ON saml_session (user_id);
CREATE INDEX saml_session_expires ON saml_session (expires);
