-- API keys that are rotated without a gap; how long a workspace's sessions are.
ALTER TABLE users_api_key
    ADD COLUMN previous_hash  bytea UNIQUE,   -- the secret before, which works on
    ADD COLUMN previous_until timestamptz,    -- until then
    ADD CONSTRAINT users_api_key_previous CHECK ((previous_hash IS NULL) = (previous_until IS NULL));

ALTER TABLE users_workspace
    ADD COLUMN session_days int CHECK (session_days BETWEEN 1 AND 365); -- null: security.refreshTokenDays
