-- What events look like: observed as they are derived, and pinned by who wants to know of each that looks otherwise.
CREATE TABLE cdp_schema (
    id         uuid             NOT NULL,
    ws         int              NOT NULL,
    type       text COLLATE "C" NOT NULL,           -- the call: track, page, …
    name       text COLLATE "C" NOT NULL,           -- of a track; empty for all other calls
    events     bigint           NOT NULL DEFAULT 0, -- derived
    flagged    bigint           NOT NULL DEFAULT 0, -- of these, such that did not fit the pin
    rejected   bigint           NOT NULL DEFAULT 0, -- refused at the door for the pin's sake
    first_seen timestamptz      NOT NULL,
    last_seen  timestamptz      NOT NULL,
    pin        jsonb,
    pinned_by  uuid,
    pinned_at  timestamptz,
    version    bigint           NOT NULL DEFAULT 1, -- of the pin: what is observed does not move it
    PRIMARY KEY (ws, type, name)
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX cdp_schema_page ON cdp_schema (ws, id DESC);

-- Properties of a schema, nested ones with dots between their names.
CREATE TABLE cdp_schema_property (
    schema    uuid             NOT NULL,
    path      text COLLATE "C" NOT NULL,
    types     int              NOT NULL,            -- a bit for each, see JsonType
    events    bigint           NOT NULL,
    last_seen timestamptz      NOT NULL,
    example   text             NOT NULL,            -- the form of a value, never a value
    PRIMARY KEY (schema, path)
) WITH (fillfactor = 70);
