-- The traits in force once more, one narrow row for each person and trait, so that a rule over one trait reads that trait's rows
-- and no others: see docs/decisions/0013. Written by the deriver together with cdp_profile.traits, which stays the truth.

-- Names of traits as small numbers. At most 2,000 a workspace: what comes later is found in cdp_profile.traits only.
CREATE TABLE cdp_trait_name (
    ws   int              NOT NULL,
    no   int              NOT NULL,
    name text COLLATE "C" NOT NULL,
    PRIMARY KEY (ws, name)
);

CREATE TABLE cdp_trait (
    ws         int              NOT NULL,
    trait      int              NOT NULL,        -- cdp_trait_name.no
    profile_no int              NOT NULL,
    type       smallint         NOT NULL,        -- 0 boolean, 1 number, 2 text, 3 list, 4 object
    num        double precision,                 -- of a number; of a boolean 0 or 1
    txt        text COLLATE "C",                 -- of a text, as it was said
    fold       text COLLATE "C",                 -- the same without its case, as Java folds (cdp/Folded)
    micros     bigint,                           -- of a text that is a date or a time: microseconds since 1970
    PRIMARY KEY (ws, trait, profile_no)
) WITH (fillfactor = 90);

-- A text's row has no num, so one index serves both: num = 5, or num IS NULL AND left(fold, 100) = 'ada'.
CREATE INDEX cdp_trait_value ON cdp_trait (ws, trait, num, left(fold, 100), profile_no);
CREATE INDEX cdp_trait_time ON cdp_trait (ws, trait, micros, profile_no) WHERE micros IS NOT NULL;

-- Profiles below this number were there before; a job puts their traits down here and counts it to 0.
ALTER TABLE cdp_profile_number ADD COLUMN untold int NOT NULL DEFAULT 0;
UPDATE cdp_profile_number SET untold = next;

-- Groups that a person is in, such as their company: said of an id as traits are.
ALTER TABLE cdp_identity ADD COLUMN groups jsonb NOT NULL DEFAULT '{}'; -- groupId → [whether, microseconds, messageId]
ALTER TABLE cdp_profile ADD COLUMN groups text[] NOT NULL DEFAULT '{}'; -- those in force

CREATE TABLE cdp_group (
    ws           int              NOT NULL,
    id           text COLLATE "C" NOT NULL,          -- the groupId
    traits       jsonb            NOT NULL DEFAULT '{}', -- name → [value, microseconds, messageId]
    last_seen_at timestamptz      NOT NULL DEFAULT now(),
    PRIMARY KEY (ws, id)
);
