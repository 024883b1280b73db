-- Configuration: every object of every kind, and what each edit did.
CREATE TABLE object (
    space TEXT NOT NULL,
    key TEXT NOT NULL,
    model TEXT NOT NULL,
    format BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (space, key)
);
CREATE TABLE change (
    revision BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    edits TEXT NOT NULL
);
-- One row: locked by whoever edits, so that edits are serial across processes.
CREATE TABLE graph (
    id BIGINT PRIMARY KEY,
    revision BIGINT NOT NULL
);
INSERT INTO graph (id, revision) VALUES (1, 0);

-- Facts about the installation itself, as the proof of the secret key.
CREATE TABLE fact (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- People and service accounts. `username_fold` makes names unique without regard to case.
CREATE TABLE users (
    id INTEGER PRIMARY KEY,
    uuid BLOB NOT NULL UNIQUE,
    username TEXT NOT NULL,
    username_fold TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    email_fold TEXT NOT NULL,
    password TEXT NOT NULL,
    password_changed BIGINT NOT NULL,
    is_active BIGINT NOT NULL,
    last_login BIGINT,
    joined BIGINT NOT NULL,
    path TEXT NOT NULL,
    type TEXT NOT NULL,
    attributes TEXT NOT NULL
);
CREATE INDEX users_email ON users (email_fold);
CREATE INDEX users_name ON users (name);
CREATE INDEX users_path ON users (path);

CREATE TABLE user_group (
    uuid BLOB PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    is_superuser BIGINT NOT NULL,
    parent BLOB REFERENCES user_group (uuid) ON DELETE SET NULL,
    attributes TEXT NOT NULL
);
CREATE INDEX user_group_parent ON user_group (parent);

CREATE TABLE membership (
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    group_uuid BLOB NOT NULL REFERENCES user_group (uuid) ON DELETE CASCADE,
    PRIMARY KEY (user_id, group_uuid)
);
CREATE INDEX membership_group ON membership (group_uuid, user_id);

-- Keys are looked up by hash; `key_sealed` keeps those that may be shown again, encrypted.
CREATE TABLE token (
    uuid BLOB PRIMARY KEY,
    identifier TEXT NOT NULL UNIQUE,
    managed TEXT UNIQUE,
    intent TEXT NOT NULL,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    description TEXT NOT NULL,
    expires BIGINT,
    expiring BIGINT NOT NULL,
    key_hash BLOB NOT NULL UNIQUE,
    key_sealed TEXT NOT NULL
);
CREATE INDEX token_user ON token (user_id);
CREATE INDEX token_expires ON token (expires);

CREATE TABLE session (
    uuid BLOB PRIMARY KEY,
    key_hash BLOB NOT NULL UNIQUE,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    last_used BIGINT NOT NULL,
    last_ip TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    data TEXT NOT NULL
);
CREATE INDEX session_owner ON session (user_id);
CREATE INDEX session_expires ON session (expires);

CREATE TABLE consent (
    id INTEGER PRIMARY KEY,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    application BLOB NOT NULL,
    permissions TEXT NOT NULL,
    expires BIGINT,
    expiring BIGINT NOT NULL,
    UNIQUE (user_id, application)
);

-- OAuth grants. `hash` is the SHA-256 of the code or token; `session` that of the session it came from.
CREATE TABLE authorization_code (
    id INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    provider_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    session BLOB,
    scope TEXT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    used BIGINT NOT NULL,
    revoked BIGINT NOT NULL,
    family BLOB NOT NULL,
    data TEXT NOT NULL
);
CREATE INDEX authorization_code_expires ON authorization_code (expires);
CREATE TABLE access_token (
    id INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    provider_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    session BLOB,
    scope TEXT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    revoked BIGINT NOT NULL,
    family BLOB NOT NULL,
    data TEXT NOT NULL
);
CREATE INDEX access_token_user ON access_token (user_id);
CREATE INDEX access_token_family ON access_token (family);
CREATE INDEX access_token_expires ON access_token (expires);
CREATE TABLE refresh_token (
    id INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    provider_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    session BLOB,
    scope TEXT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    used BIGINT NOT NULL,
    revoked BIGINT NOT NULL,
    family BLOB NOT NULL,
    data TEXT NOT NULL
);
CREATE INDEX refresh_token_user ON refresh_token (user_id);
CREATE INDEX refresh_token_family ON refresh_token (family);
CREATE INDEX refresh_token_expires ON refresh_token (expires);

CREATE TABLE event (
    uuid BLOB PRIMARY KEY,
    action TEXT NOT NULL,
    app TEXT NOT NULL,
    username TEXT NOT NULL,
    user_json TEXT NOT NULL,
    context TEXT NOT NULL,
    authorized_application TEXT,
    client_ip TEXT,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    brand TEXT NOT NULL
);
CREATE INDEX event_created ON event (created);
CREATE INDEX event_action ON event (action, created);
CREATE INDEX event_username ON event (username, created);
CREATE INDEX event_expires ON event (expires);

-- Every run of a flow, with its steps and the policies asked; secrets never enter it.
CREATE TABLE flow_run (
    uuid BLOB PRIMARY KEY,
    flow TEXT NOT NULL,
    user_id BIGINT,
    started BIGINT NOT NULL,
    finished BIGINT,
    outcome TEXT NOT NULL,
    revision BIGINT NOT NULL,
    steps TEXT NOT NULL
);
CREATE INDEX flow_run_started ON flow_run (started);
CREATE INDEX flow_run_user ON flow_run (user_id, started);

-- What the ephemeral store keeps over a restart.
CREATE TABLE ephemeral (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL,
    expires BIGINT NOT NULL
);
