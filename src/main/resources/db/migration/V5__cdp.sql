-- People: profiles, the ids that lead to them, what they did.

-- Profile numbers are dense per workspace, handed out in blocks and never used again.
CREATE TABLE cdp_profile_number (
    ws   int PRIMARY KEY,
    next int NOT NULL
);

CREATE TABLE cdp_profile (
    ws             int         NOT NULL,
    profile_no     int         NOT NULL,
    id             uuid        NOT NULL,
    user_id        text COLLATE "C",                 -- null: anonymous
    traits         jsonb       NOT NULL DEFAULT '{}', -- the values in force; where they come from stands in cdp_identity
    first_seen_at  timestamptz NOT NULL,
    last_seen_at   timestamptz NOT NULL,
    merged_into    int,                              -- the profile that has this one's events and traits now
    addresses_into int,                              -- the profile that has this one's addresses now; null: they stayed
    version        bigint      NOT NULL DEFAULT 1,
    PRIMARY KEY (ws, profile_no)
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX cdp_profile_id ON cdp_profile (id);

-- The ids by which people are called. A profile is the set of identities that point to it, and all that is known about
-- somebody hangs on the identity it was said of: so a merge is a change of pointers, explained and reversible.
CREATE TABLE cdp_identity (
    no             bigint GENERATED ALWAYS AS IDENTITY,
    ws             int              NOT NULL,
    kind           smallint         NOT NULL,        -- 0 userId, 1 anonymousId
    value          text COLLATE "C" NOT NULL,
    profile_no     int              NOT NULL,        -- who did what was recorded under this id
    address_no     int,                              -- who is reached by addresses subscribed under this id; null: nobody yet
    claim_user_id  text COLLATE "C",                 -- for an anonymousId: the userId that claims it, and by which event
    claim_at       timestamptz,
    claim_id       text COLLATE "C",
    proof_at       timestamptz,                      -- the latest verified claim: whoever made it has address_no
    proof_id       text COLLATE "C",
    traits         jsonb            NOT NULL DEFAULT '{}', -- name → [value, microseconds, messageId, source]
    first_seen_at  timestamptz      NOT NULL,
    last_seen_at   timestamptz      NOT NULL,
    PRIMARY KEY (ws, kind, value)
) WITH (fillfactor = 80);
CREATE INDEX cdp_identity_profile ON cdp_identity (ws, profile_no);

-- What people did, as it came. Cut by the day of arrival.
CREATE TABLE cdp_event (
    period      bigint           NOT NULL,
    ws          int              NOT NULL,
    identity_no bigint           NOT NULL,
    at          timestamptz      NOT NULL,           -- corrected by the sender's clock
    message_id  text COLLATE "C" NOT NULL,
    kind        text             NOT NULL,
    name        text,                                -- of a track or page
    payload     jsonb            NOT NULL
) PARTITION BY RANGE (period);
CREATE INDEX cdp_event_identity ON cdp_event (ws, identity_no, at DESC);

SELECT add_period('cdp_event', 86400, now() + make_interval(days => ahead)) FROM generate_series(0, 2) AS ahead;

-- Messages that were taken already: 128 bits of a hash of their messageId. Cut by 12 hours.
CREATE TABLE ingest_seen (
    period bigint NOT NULL,
    ws     int    NOT NULL,
    hash   uuid   NOT NULL,
    PRIMARY KEY (ws, hash, period)
) PARTITION BY RANGE (period);

SELECT add_period('ingest_seen', 43200, now() + make_interval(hours => 12 * ahead)) FROM generate_series(0, 2) AS ahead;
