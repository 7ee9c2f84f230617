-- webpush_subscription_endpoint keeps endpoints unique now.
ALTER TABLE webpush_subscription DROP CONSTRAINT IF EXISTS webpush_subscription_ws_endpoint_hash_key;
