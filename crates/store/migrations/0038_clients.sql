-- When somebody first signed in to a client that registered itself; 0 before. Of those that are there already nobody knows, so they stay.
ALTER TABLE client_registration ADD COLUMN used BIGINT NOT NULL DEFAULT 0;
UPDATE client_registration SET used = created;
-- Whether somebody vouched for it, whose account may be gone since.
ALTER TABLE client_registration ADD COLUMN vouched BIGINT NOT NULL DEFAULT 0;
UPDATE client_registration SET vouched = 1 WHERE user_id IS NOT NULL;
CREATE INDEX client_registration_created ON client_registration (created);

-- Client secrets of before, sealed, which are good for some time after another took their place. `hash` is the SHA-256 of provider and secret.
CREATE TABLE former_client_secret (
    hash BLOB PRIMARY KEY,
    provider_id BIGINT NOT NULL,
    secret TEXT NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX former_client_secret_provider ON former_client_secret (provider_id);
CREATE INDEX former_client_secret_expires ON former_client_secret (expires);
