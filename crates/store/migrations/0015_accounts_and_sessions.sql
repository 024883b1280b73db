-- Codes and access tokens end with the session they came from; tokens of clients themselves have none.
CREATE INDEX authorization_code_session ON authorization_code (session) WHERE session IS NOT NULL;
CREATE INDEX access_token_session ON access_token (session) WHERE session IS NOT NULL;
-- Whom an event is by and about is in its context, which the chain covers. What the program does itself is by no account.
CREATE INDEX event_actor ON event (json_extract(context, '$."countersign.who"."actor"."pk"'), created)
    WHERE json_extract(context, '$."countersign.who"."actor"."pk"') IS NOT NULL;
CREATE INDEX event_subject ON event (json_extract(context, '$."countersign.who"."subject"."pk"'), created)
    WHERE json_extract(context, '$."countersign.who"."subject"."pk"') IS NOT NULL;
