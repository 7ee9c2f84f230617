-- Traits of which the first word stands, and not the latest.
CREATE TABLE cdp_trait_rules (
    ws         int         PRIMARY KEY,
    oldest     text[] COLLATE "C" NOT NULL,
    version    bigint      NOT NULL DEFAULT 1,
    updated_by uuid        NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);
