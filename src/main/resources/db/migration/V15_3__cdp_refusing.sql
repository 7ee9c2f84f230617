-- The few whom senders have to leave alone, and the few whose addresses belong to another profile than what they did.
DROP INDEX CONCURRENTLY IF EXISTS cdp_profile_refusing;
CREATE INDEX CONCURRENTLY cdp_profile_refusing ON cdp_profile (ws, profile_no) WHERE suppressed OR consents <> '{}';
DROP INDEX CONCURRENTLY IF EXISTS cdp_identity_reached;
CREATE INDEX CONCURRENTLY cdp_identity_reached ON cdp_identity (ws, address_no) WHERE address_no <> profile_no;
