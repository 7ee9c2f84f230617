-- Staff who are invited by a one-time link, renamed, disabled and brought back in one workspace, whatever others they
-- belong to; sessions that say where they began, and when their owner last proved who they are.

ALTER TABLE users_account ALTER COLUMN password_hash DROP NOT NULL; -- null until the first invitation is accepted

ALTER TABLE users_membership
    ADD COLUMN name        text,                       -- what this workspace calls them; null: as they call themselves
    ADD COLUMN invited     boolean NOT NULL DEFAULT false, -- not accepted yet
    ADD COLUMN disabled_at timestamptz,
    ADD COLUMN updated_at  timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN version     bigint NOT NULL DEFAULT 1;
CREATE INDEX users_membership_newest ON users_membership (ws, account DESC);

-- Links that work once. The token itself is with whom it was sent to only.
CREATE TABLE users_one_time (
    hash       bytea PRIMARY KEY,             -- SHA-256 of the token
    kind       text NOT NULL CHECK (kind IN ('invitation', 'reset')),
    account    uuid NOT NULL REFERENCES users_account ON DELETE CASCADE,
    ws         int NOT NULL,                  -- what the invitation is to; 0 for a reset, which is of the whole account
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX users_one_time_account ON users_one_time (account, kind, ws);
CREATE INDEX users_one_time_expiry ON users_one_time (expires_at);

ALTER TABLE users_session
    ADD COLUMN signed_in_at timestamptz NOT NULL DEFAULT now(), -- with password and second factor, not by another session
    ADD COLUMN seen_at      timestamptz NOT NULL DEFAULT now(), -- the last refresh
    ADD COLUMN user_agent   text,
    ADD COLUMN address      text,
    DROP CONSTRAINT users_session_end_reason_check,
    ADD CONSTRAINT users_session_end_reason_check
        CHECK (end_reason IN ('logout', 'reuse', 'password', 'disabled', 'ended'));
UPDATE users_session SET signed_in_at = created_at, seen_at = created_at;
