-- Application server keys (RFC 8292). A subscription made with one key accepts only that key, so retired keys stay
-- until their last subscription is gone.
CREATE TABLE webpush_key (
    id          uuid        PRIMARY KEY,
    ws          int         NOT NULL,
    public_key  bytea       NOT NULL CHECK (length(public_key) = 65),
    private_key bytea       NOT NULL, -- sealed
    current     boolean     NOT NULL DEFAULT true,
    created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX webpush_key_current ON webpush_key (ws) WHERE current;

-- Browsers that can be reached. The endpoint is a capability URL, a secret like the keys: all three are sealed together
-- in `address`; what is shown or searched is the push service's origin and a hash.
CREATE TABLE webpush_subscription (
    id            uuid        PRIMARY KEY,
    ws            int         NOT NULL,
    profile_no    int         NOT NULL,
    key_id        uuid        NOT NULL REFERENCES webpush_key (id),
    status        text        NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'expired', 'unsubscribed')),
    endpoint_hash bytea       NOT NULL CHECK (length(endpoint_hash) = 32),
    push_service  text        NOT NULL,
    address       bytea       NOT NULL, -- sealed
    device_secret bytea       NOT NULL CHECK (length(device_secret) = 32), -- SHA-256
    site          text,
    user_agent    text,
    language      text,
    timezone      text,
    created_at    timestamptz NOT NULL DEFAULT now(),
    last_seen_at  timestamptz NOT NULL DEFAULT now(),
    ended_at      timestamptz,
    UNIQUE (ws, endpoint_hash)
);
CREATE INDEX webpush_subscription_profile ON webpush_subscription (ws, profile_no, last_seen_at DESC) WHERE status = 'active';
CREATE INDEX webpush_subscription_page ON webpush_subscription (ws, id DESC);
