-- Runs of flows by people who are known, and by whoever else comes by, have budgets of their own.
ALTER TABLE flow_run ADD COLUMN known BIGINT NOT NULL DEFAULT 0;
ALTER TABLE flow_run ADD COLUMN size BIGINT NOT NULL DEFAULT 0;
UPDATE flow_run SET known = 1 WHERE user_id IS NOT NULL;
UPDATE flow_run SET size = LENGTH(steps);
CREATE INDEX flow_run_known ON flow_run (known, started);
