-- Every event is written into each index of its table in the transaction that an answer waits for. Nothing is asked by the
-- end of an event alone: retention goes by places. Events without a place have an index of their own.
DROP INDEX event_expires;
DROP INDEX event_seq;
CREATE UNIQUE INDEX event_seq ON event (seq) WHERE seq IS NOT NULL;
