-- By which ids beside userId and anonymousId a workspace knows people. Without a row: by none.
CREATE TABLE cdp_identity_rules (
    ws         int         PRIMARY KEY,
    kinds      jsonb       NOT NULL,                -- [{kind, limit, blocked}], the most important first
    visitors   int         NOT NULL,                -- the limit of anonymousId, by itself: asked where ids are counted
    version    bigint      NOT NULL DEFAULT 1,
    updated_by uuid        NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- That an id (an e-mail address, a phone number, one of another system) is a known person's, and who else has it is the same person.
CREATE TABLE cdp_bond (
    no         bigint GENERATED ALWAYS AS IDENTITY,
    ws         int              NOT NULL,
    user_id    text COLLATE "C" NOT NULL,           -- of whom it was told
    kind       text COLLATE "C" NOT NULL,
    value      text COLLATE "C" NOT NULL,           -- as it compares
    at         timestamptz      NOT NULL,           -- the first event that told it, by (corrected time, messageId)
    message_id text COLLATE "C" NOT NULL,
    refused    text,                                -- why it holds nobody; null: it is theirs
    open       boolean          NOT NULL,           -- has to be looked at, see BondsJob
    PRIMARY KEY (ws, user_id, kind, value)
);
-- Not by workspace first: see V5_1.
CREATE INDEX cdp_bond_value ON cdp_bond (value, ws, kind);
CREATE INDEX cdp_bond_open ON cdp_bond (ws, no) WHERE open;

-- Of who was erased ids of any kind are known.
ALTER TABLE cdp_suppression DROP CONSTRAINT cdp_suppression_kind_check;
