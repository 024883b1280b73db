-- Events in a chain: each has its place, and a code over itself and the one before it. Both are NULL until it is sealed.
ALTER TABLE event ADD COLUMN seq BIGINT;
ALTER TABLE event ADD COLUMN chain BLOB;
CREATE UNIQUE INDEX event_seq ON event (seq);
CREATE INDEX event_unsealed ON event (created) WHERE seq IS NULL;

-- Signed places of the chain: its head, and what was removed from it by right.
CREATE TABLE event_checkpoint (
    reason TEXT NOT NULL,
    seq BIGINT NOT NULL,
    chain BLOB NOT NULL,
    at BIGINT NOT NULL,
    signature BLOB NOT NULL,
    PRIMARY KEY (reason, seq)
);

-- What people are told of. The event may end before they have read it.
CREATE TABLE notification (
    uuid BLOB PRIMARY KEY,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    event BLOB,
    severity TEXT NOT NULL,
    body TEXT NOT NULL,
    created BIGINT NOT NULL,
    seen BIGINT NOT NULL
);
CREATE INDEX notification_user ON notification (user_id, seen, created);
