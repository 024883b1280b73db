-- What is kept for a while is bounded by its owner. What is there, sign-ins in progress, has none and begins again.
DELETE FROM ephemeral;
ALTER TABLE ephemeral ADD COLUMN owner TEXT NOT NULL DEFAULT 'program';
