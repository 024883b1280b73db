-- Runs are found by what they were to lead to, by their number and by their events.
ALTER TABLE flow_run ADD COLUMN application BLOB;
ALTER TABLE flow_run ADD COLUMN client_ip TEXT;
ALTER TABLE flow_run ADD COLUMN reason TEXT NOT NULL DEFAULT '';
CREATE INDEX flow_run_application ON flow_run (application, started);
-- The number that people read out is made of the last forty bits.
CREATE INDEX flow_run_number ON flow_run (SUBSTR(uuid, 12));

-- What one request added to a run: its id, which its events bear, too, and, sealed, what its
-- decisions were made from.
CREATE TABLE flow_part (
    run BLOB NOT NULL REFERENCES flow_run (uuid) ON DELETE CASCADE,
    request TEXT NOT NULL,
    decisions TEXT NOT NULL,
    PRIMARY KEY (run, request)
);
CREATE INDEX flow_part_request ON flow_part (request);
