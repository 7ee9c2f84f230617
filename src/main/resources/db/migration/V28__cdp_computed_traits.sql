-- Traits that are computed of what people did, and which word of a trait stands.

-- A workspace that has, or had, either: grows with each change, so that nodes read them again.
CREATE TABLE cdp_trait_workspace (
    ws       int    PRIMARY KEY,
    version  bigint NOT NULL DEFAULT 1,
    asked_to int                                    -- while everybody is computed again: people below this number were
);

CREATE TABLE cdp_computed_trait (
    ws          int              NOT NULL,
    id          uuid             NOT NULL,
    name        text COLLATE "C" NOT NULL,          -- of the trait; never changed
    description text             NOT NULL DEFAULT '',
    tags        text[]           NOT NULL DEFAULT '{}',
    compute     jsonb            NOT NULL,          -- the contract's Computation
    ready       boolean          NOT NULL DEFAULT false, -- everybody was computed by it
    created_by  uuid             NOT NULL,
    created_at  timestamptz      NOT NULL DEFAULT now(),
    updated_by  uuid             NOT NULL,
    updated_at  timestamptz      NOT NULL DEFAULT now(),
    version     bigint           NOT NULL DEFAULT 1,
    PRIMARY KEY (ws, id)
);
CREATE UNIQUE INDEX cdp_computed_trait_name ON cdp_computed_trait (ws, name);

-- What the events of somebody come to: changed under the lock of their row in cdp_profile, and put in force with the words.
CREATE TABLE cdp_computed_value (
    ws         int   NOT NULL,
    profile_no int   NOT NULL,
    traits     jsonb NOT NULL,                      -- name → [value, microseconds when that changed, microseconds when time alone may change it]
    due        timestamptz,                         -- the earliest of these moments
    PRIMARY KEY (ws, profile_no)
) WITH (fillfactor = 80);
CREATE INDEX cdp_computed_value_due ON cdp_computed_value (due) WHERE due IS NOT NULL;
