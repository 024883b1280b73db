-- How many refreshes lie between a refresh token and its sign-in: of those of one family and generation
-- one lives on.
ALTER TABLE refresh_token ADD COLUMN generation BIGINT NOT NULL DEFAULT 0;
