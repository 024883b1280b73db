-- Whether a link into a flow is for setting up a second factor: who comes by it proves who they are first, so it
-- outlives a password that was forgotten.
ALTER TABLE token ADD COLUMN set_up BIGINT NOT NULL DEFAULT 0;
