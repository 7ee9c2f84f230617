-- People by their tags.
DROP INDEX CONCURRENTLY IF EXISTS cdp_profile_tags;
CREATE INDEX CONCURRENTLY cdp_profile_tags ON cdp_profile USING gin (tags);
