-- What was said of traits stands apart from the id it was said of: whoever only did something is found, locked and seen by narrow rows,
-- and the widest of what is known of people is read where somebody speaks of it.
CREATE TABLE cdp_words (
    identity_no bigint PRIMARY KEY,
    ws          int   NOT NULL,
    traits      jsonb NOT NULL -- name → [value, microseconds, messageId, source]
) WITH (fillfactor = 80);

-- cdp_identity.traits holds what was said before there was this table, and what a node of the version before says while an update
-- goes from node to node. It moves here when something is said of the id again.
CREATE VIEW cdp_said AS
SELECT i.ws, i.no, i.profile_no, coalesce(w.traits, '{}') || i.traits AS traits, i.tags, i.groups, i.consents
FROM cdp_identity i LEFT JOIN cdp_words w ON w.identity_no = i.no;
