-- What people have agreed to and refused, whom nobody may reach, and who was erased.

-- Consent is said of an id as traits are: purpose/channel → [whether, microseconds, messageId, source, evidence]; the channel * is all.
ALTER TABLE cdp_identity ADD COLUMN consents jsonb NOT NULL DEFAULT '{}';
-- Those in force: purpose/channel → [whether, microseconds].
ALTER TABLE cdp_profile ADD COLUMN consents jsonb NOT NULL DEFAULT '{}';
ALTER TABLE cdp_profile ADD COLUMN suppressed boolean NOT NULL DEFAULT false; -- as cdp_suppression says, so that senders need not ask it

-- Ids and addresses that nothing is sent to. Of who was erased only the hash is left, by which they are known if they come again.
CREATE TABLE cdp_suppression (
    id         uuid        PRIMARY KEY,
    ws         int         NOT NULL,
    kind       text        NOT NULL CHECK (kind IN ('userId', 'anonymousId', 'email', 'phone')),
    value      text COLLATE "C",                  -- as it was given; null after erasure
    hash       bytea       NOT NULL,              -- cdp_suppression_hash
    reason     text        NOT NULL CHECK (reason IN ('manual', 'complaint', 'bounce', 'unsubscribed', 'erased')),
    note       text        NOT NULL DEFAULT '',
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (ws, hash)
);
CREATE INDEX cdp_suppression_page ON cdp_suppression (ws, id DESC);
CREATE INDEX cdp_suppression_erased ON cdp_suppression (ws) WHERE reason = 'erased';

-- Without it nobody can try out whose hash is there. One row, of this database; a backup carries it along.
CREATE TABLE cdp_suppression_salt (
    one  boolean PRIMARY KEY DEFAULT true CHECK (one),
    salt bytea NOT NULL
);
INSERT INTO cdp_suppression_salt (salt) VALUES (uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));

-- Of an e-mail address the folded text, of a phone number its digits.
CREATE FUNCTION cdp_suppression_hash(ws int, kind text, value text) RETURNS bytea LANGUAGE sql STABLE AS $$
  SELECT sha256(salt || convert_to(ws || '|' || kind || '|' ||
    CASE kind WHEN 'phone' THEN regexp_replace(value, '[^0-9]', '', 'g') WHEN 'email' THEN btrim(value) ELSE value END, 'UTF8'))
  FROM cdp_suppression_salt
$$;

-- The receipts of erasures.
CREATE TABLE cdp_erasure (
    id           uuid        PRIMARY KEY,
    ws           int         NOT NULL,
    profile_id   uuid        NOT NULL,
    profile_no   int,                             -- null when it is done
    requested_by uuid,
    requested_at timestamptz NOT NULL DEFAULT now(),
    done_at      timestamptz,
    counts       jsonb       NOT NULL DEFAULT '{}' -- table → rows
);
CREATE INDEX cdp_erasure_page ON cdp_erasure (ws, id DESC);
CREATE UNIQUE INDEX cdp_erasure_open ON cdp_erasure (ws, profile_no) WHERE profile_no IS NOT NULL;
