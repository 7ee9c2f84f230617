-- Not by workspace first: a plan made while the table was empty took such an index for a lookup by (ws, kind, value), and read
-- all of the workspace's ids for each of them until statistics came.
DROP INDEX CONCURRENTLY IF EXISTS cdp_identity_by_profile;
CREATE INDEX CONCURRENTLY cdp_identity_by_profile ON cdp_identity (profile_no, ws);
DROP INDEX CONCURRENTLY IF EXISTS cdp_identity_profile;
