-- A refresh token may be used again within its grace: how often it was used, and from which address first.
ALTER TABLE refresh_token ADD COLUMN uses BIGINT NOT NULL DEFAULT 0;
ALTER TABLE refresh_token ADD COLUMN used_from TEXT NOT NULL DEFAULT '';

-- The account through which a client acts for itself. Found by the provider's number: names can be changed and taken.
CREATE TABLE client_account (
    provider_id BIGINT PRIMARY KEY,
    user_id BIGINT NOT NULL UNIQUE REFERENCES users (id) ON DELETE CASCADE
);
