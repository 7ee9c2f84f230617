-- Why ids belong together, so that it can be explained and undone.

ALTER TABLE cdp_identity
    ADD COLUMN own_no        int,                            -- the profile that the id was made with; null: not known of old rows that have moved
    ADD COLUMN settled       boolean NOT NULL DEFAULT false, -- an operator has said whose it is: no event says otherwise
    ADD COLUMN proof_user_id text COLLATE "C",               -- whose verified claim proof_at is
    ADD COLUMN claimants     jsonb   NOT NULL DEFAULT '[]';  -- the userIds that claim a visitor's id, at most one more than may

-- Known people who are one, and profiles that an operator has made one. (A visitor's claim stands with the visitor.)
CREATE TABLE cdp_link (
    no          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- in the order of arrival
    ws          int         NOT NULL,
    identity_no bigint      NOT NULL,               -- who became part
    other_no    bigint      NOT NULL,               -- of whom
    because     text        NOT NULL CHECK (because IN ('alias', 'merge')),
    at          timestamptz NOT NULL,
    message_id  text COLLATE "C",                   -- of an alias: the latest event that says so
    made_by     uuid,                               -- of a merge: by whom
    from_no     int,                                -- of a merge: the profile that became part
    settled     boolean     NOT NULL DEFAULT false, -- of a merge: identity_no was settled before
    CHECK ((because = 'merge') = (from_no IS NOT NULL))
);
CREATE UNIQUE INDEX cdp_link_once ON cdp_link (identity_no, other_no, because);
CREATE INDEX cdp_link_other ON cdp_link (other_no);
