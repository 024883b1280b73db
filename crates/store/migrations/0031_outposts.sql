-- The account of each outpost, by which what runs elsewhere reads what it needs.
CREATE TABLE outpost_account (
    outpost BLOB PRIMARY KEY,
    user_id BIGINT NOT NULL UNIQUE REFERENCES users (id) ON DELETE CASCADE
);

-- Sessions that have ended, whoever ended them, or got another key: outposts are told of them. They are forgotten after a
-- few minutes.
CREATE TABLE ended_session (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key_hash BLOB NOT NULL
);
-- embedded {
CREATE TRIGGER session_ended AFTER DELETE ON session BEGIN
    INSERT INTO ended_session (key_hash) VALUES (OLD.key_hash);
END;
CREATE TRIGGER session_renamed AFTER UPDATE OF key_hash ON session WHEN OLD.key_hash <> NEW.key_hash BEGIN
    INSERT INTO ended_session (key_hash) VALUES (OLD.key_hash);
END;
-- }
-- server {
CREATE FUNCTION session_note() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ended_session (key_hash) VALUES (OLD.key_hash);
    RETURN NULL;
END $$;
CREATE TRIGGER session_ended AFTER DELETE ON session FOR EACH ROW EXECUTE FUNCTION session_note();
CREATE TRIGGER session_renamed AFTER UPDATE OF key_hash ON session FOR EACH ROW
WHEN (OLD.key_hash <> NEW.key_hash) EXECUTE FUNCTION session_note();
-- }
