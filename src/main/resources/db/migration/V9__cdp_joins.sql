-- Known people who became one (alias): whom their proven visitors' addresses belong to, and the profiles that had gone into one of them.
DROP INDEX CONCURRENTLY IF EXISTS cdp_identity_proven;
CREATE INDEX CONCURRENTLY cdp_identity_proven ON cdp_identity (address_no, ws) WHERE proof_at IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS cdp_profile_merged;
CREATE INDEX CONCURRENTLY cdp_profile_merged ON cdp_profile (merged_into, ws) WHERE merged_into IS NOT NULL;
