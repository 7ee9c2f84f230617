-- Visitor ids that a person has claimed and that are apart from them because there are too many: who forgets the person forgets these.
DROP INDEX CONCURRENTLY IF EXISTS cdp_identity_left;
CREATE INDEX CONCURRENTLY cdp_identity_left ON cdp_identity (claim_user_id, ws)
    WHERE kind = 1 AND profile_no = own_no AND claim_user_id IS NOT NULL AND jsonb_array_length(claimants) <= 10;
