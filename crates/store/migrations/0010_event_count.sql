-- The code an event is written with, in its own transaction; NULL once the chain has it.
ALTER TABLE event ADD COLUMN code BLOB;
-- How many events there were, signed, and apart from them. The first start signs it; from then on it has to be there.
INSERT INTO fact (name, value) VALUES ('event count', 'unsigned');
