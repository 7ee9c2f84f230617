-- Of aliases from before, the latest of each id is known. By itself: nobody waits for it who asks for people.
INSERT INTO cdp_link (ws, identity_no, other_no, because, at, message_id)
SELECT i.ws, i.no, u.no, 'alias', i.claim_at, i.claim_id
FROM cdp_identity i JOIN cdp_identity u ON u.ws = i.ws AND u.kind = 0 AND u.value = i.claim_user_id
WHERE i.kind = 0 AND i.claim_at IS NOT NULL AND i.no <> u.no
ORDER BY i.claim_at
ON CONFLICT DO NOTHING;
