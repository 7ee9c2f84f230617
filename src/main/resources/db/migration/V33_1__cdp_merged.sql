-- Who has become part of somebody else: few, and asked with every batch of events.
DROP INDEX CONCURRENTLY IF EXISTS cdp_profile_gone;
CREATE INDEX CONCURRENTLY cdp_profile_gone ON cdp_profile (profile_no, ws) WHERE merged_into IS NOT NULL;
