-- When the sign-in said that a session ends; `expires` may be earlier, by the limits of the settings.
ALTER TABLE session ADD COLUMN ends BIGINT;
