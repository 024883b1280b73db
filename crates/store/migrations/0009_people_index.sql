-- People are counted and found by parts of their names without being gone over. `people_gram` holds for each part of one
-- to three letters who has it, as a set for each 16384 numbers; `people_noted` who is not in the sets yet, as triggers
-- note it in the transaction that makes, renames or deletes somebody.
CREATE TABLE people_chunk (
    chunk BIGINT PRIMARY KEY,
    people BIGINT NOT NULL
);
CREATE TABLE people_gram (
    chunk BIGINT NOT NULL,
    gram TEXT NOT NULL,
    members BLOB NOT NULL,
    PRIMARY KEY (chunk, gram)
) WITHOUT ROWID;
CREATE TABLE people_noted (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id BIGINT NOT NULL,
    change BIGINT NOT NULL
);
INSERT INTO people_noted (user_id, change) SELECT id, 1 FROM users;

-- embedded {
CREATE TRIGGER people_made AFTER INSERT ON users BEGIN
    INSERT INTO people_noted (user_id, change) VALUES (NEW.id, 1);
END;
CREATE TRIGGER people_renamed AFTER UPDATE OF username_fold, name, email_fold ON users
WHEN OLD.username_fold <> NEW.username_fold OR OLD.name <> NEW.name OR OLD.email_fold <> NEW.email_fold BEGIN
    INSERT INTO people_noted (user_id, change) VALUES (NEW.id, 0);
END;
CREATE TRIGGER people_deleted AFTER DELETE ON users BEGIN
    INSERT INTO people_noted (user_id, change) VALUES (OLD.id, -1);
END;
-- }
-- server {
CREATE FUNCTION people_note() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO people_noted (user_id, change) VALUES (NEW.id, 1);
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO people_noted (user_id, change) VALUES (NEW.id, 0);
    ELSE
        INSERT INTO people_noted (user_id, change) VALUES (OLD.id, -1);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER people_made AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION people_note();
CREATE TRIGGER people_renamed AFTER UPDATE OF username_fold, name, email_fold ON users FOR EACH ROW
WHEN (OLD.username_fold <> NEW.username_fold OR OLD.name <> NEW.name OR OLD.email_fold <> NEW.email_fold) EXECUTE FUNCTION people_note();
CREATE TRIGGER people_deleted AFTER DELETE ON users FOR EACH ROW EXECUTE FUNCTION people_note();
-- }
