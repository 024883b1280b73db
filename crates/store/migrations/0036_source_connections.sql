-- Which identity of a source an account is connected with, and which group of it a group here is. The sources themselves
-- are configuration.
CREATE TABLE user_source_connection (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    source BLOB NOT NULL,
    identifier TEXT NOT NULL,
    created BIGINT NOT NULL,
    last_updated BIGINT NOT NULL
);
-- One identity is one account's, and an account has one identity of a source.
CREATE UNIQUE INDEX user_source_connection_identifier ON user_source_connection (source, identifier);
CREATE UNIQUE INDEX user_source_connection_user ON user_source_connection (user_id, source);

CREATE TABLE group_source_connection (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    group_uuid BLOB NOT NULL REFERENCES user_group (uuid) ON DELETE CASCADE,
    source BLOB NOT NULL,
    identifier TEXT NOT NULL,
    created BIGINT NOT NULL,
    last_updated BIGINT NOT NULL
);
CREATE UNIQUE INDEX group_source_connection_identifier ON group_source_connection (source, identifier);
CREATE UNIQUE INDEX group_source_connection_group ON group_source_connection (group_uuid, source);
