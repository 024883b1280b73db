-- A one-time link may lead into a flow.
ALTER TABLE token ADD COLUMN flow BLOB;
