-- Work beside requests: what waits, what runs, what ran. A run holds a lease; when it ends unrenewed, another takes over.
CREATE TABLE task (
    uuid BLOB PRIMARY KEY,
    name TEXT NOT NULL,
    uid TEXT NOT NULL,
    state TEXT NOT NULL,
    arguments TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    queued BIGINT NOT NULL,
    due BIGINT NOT NULL,
    started BIGINT,
    finished BIGINT,
    leased_by TEXT,
    leased_until BIGINT,
    done_parts BIGINT,
    all_parts BIGINT,
    cancel BIGINT NOT NULL DEFAULT 0,
    messages TEXT NOT NULL,
    expires BIGINT
);
CREATE INDEX task_due ON task (state, due);
CREATE INDEX task_name ON task (name, uid);
CREATE INDEX task_expires ON task (expires);

-- When each scheduled job is due next, over all processes.
CREATE TABLE schedule (
    name TEXT PRIMARY KEY,
    next BIGINT NOT NULL
);
