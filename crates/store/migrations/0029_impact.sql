-- Who would gain or lose access by an edit, by the task that found it.
CREATE TABLE impact (
    task BLOB PRIMARY KEY,
    expires BIGINT NOT NULL,
    result TEXT NOT NULL
);
CREATE INDEX impact_expires ON impact (expires);
