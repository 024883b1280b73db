-- Lists and sign-in stay flat while people grow in number: what is searched stands in the index that gives the order,
-- and the principal name of a directory is found without reading everybody. The line break keeps words of two fields apart.
ALTER TABLE users ADD COLUMN searched TEXT GENERATED ALWAYS AS (username_fold || '
' || LOWER(name) || '
' || email_fold) VIRTUAL;
ALTER TABLE users ADD COLUMN upn_fold TEXT GENERATED ALWAYS AS (LOWER(json_extract(attributes, '$.upn'))) VIRTUAL;
CREATE INDEX users_listed ON users (username, searched);
CREATE INDEX users_upn ON users (upn_fold);
