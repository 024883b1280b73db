-- What a step of a flow did, so that it is done once: the plan itself is kept elsewhere.
CREATE TABLE flow_step (
    run BLOB NOT NULL,
    step BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    PRIMARY KEY (run, step)
);
CREATE INDEX flow_step_expires ON flow_step (expires);
