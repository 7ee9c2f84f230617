-- People by their groups.
DROP INDEX CONCURRENTLY IF EXISTS cdp_profile_groups;
CREATE INDEX CONCURRENTLY cdp_profile_groups ON cdp_profile USING gin (groups) WHERE groups <> '{}';
