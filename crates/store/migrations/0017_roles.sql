-- The roles that groups have. Roles themselves are configuration.
CREATE TABLE group_role (
    group_uuid BLOB NOT NULL REFERENCES user_group (uuid) ON DELETE CASCADE,
    role BLOB NOT NULL,
    PRIMARY KEY (group_uuid, role)
);
CREATE INDEX group_role_role ON group_role (role);

-- Permissions on single rows, held by a role or by an account. The permission names the table.
CREATE TABLE role_grant (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    role BLOB,
    user_id BIGINT REFERENCES users (id) ON DELETE CASCADE,
    permission TEXT NOT NULL,
    object_id BIGINT,
    object_uuid BLOB
);
CREATE INDEX role_grant_role ON role_grant (role, permission);
CREATE INDEX role_grant_user ON role_grant (user_id, permission);
CREATE INDEX role_grant_object_id ON role_grant (object_id);
CREATE INDEX role_grant_object_uuid ON role_grant (object_uuid);
