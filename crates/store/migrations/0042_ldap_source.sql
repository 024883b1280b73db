-- What LDAP sources have seen in their directories. Accounts and groups are connected with them by the same identifier.
CREATE TABLE ldap_entry (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    source BLOB NOT NULL,
    is_group BIGINT NOT NULL,
    identifier TEXT NOT NULL,
    dn TEXT NOT NULL,
    -- A hash of the name, the same for every way to write it; empty when another entry has that name now.
    dn_key TEXT NOT NULL,
    -- The uuid of the account or group that a run of the source has made of it.
    made BLOB,
    -- The directory lets nobody sign in by it, which has closed the account here.
    closed BIGINT NOT NULL,
    -- Since when it has its password there, as the directory said last.
    password_set BIGINT,
    -- When the last run that saw it began.
    seen BIGINT NOT NULL,
    -- Since when the directory has it no more.
    vanished BIGINT
);
CREATE UNIQUE INDEX ldap_entry_identifier ON ldap_entry (source, is_group, identifier);
CREATE INDEX ldap_entry_dn ON ldap_entry (source, dn_key);
CREATE INDEX ldap_entry_seen ON ldap_entry (source, is_group, seen);

-- Which entries a group of a directory names as its members.
CREATE TABLE ldap_member (
    parent BIGINT NOT NULL REFERENCES ldap_entry (id) ON DELETE CASCADE,
    member BIGINT NOT NULL REFERENCES ldap_entry (id) ON DELETE CASCADE,
    PRIMARY KEY (parent, member)
);
CREATE INDEX ldap_member_member ON ldap_member (member);
