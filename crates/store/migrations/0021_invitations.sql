-- Who has the link of one gets past the invitation stage.
CREATE TABLE invitation (
    uuid BLOB PRIMARY KEY,
    name TEXT NOT NULL,
    expires BIGINT,
    fixed_data TEXT NOT NULL,
    created_by BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    single_use BIGINT NOT NULL,
    flow BLOB
);
CREATE INDEX invitation_created_by ON invitation (created_by);
CREATE INDEX invitation_expires ON invitation (expires);
