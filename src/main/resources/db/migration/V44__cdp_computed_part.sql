-- What events come to of which traits are computed, kept by steps of time and by the day on which they came, see docs/decisions/0035.
CREATE TABLE cdp_computed_part (
    ws         int              NOT NULL,
    profile_no int              NOT NULL,
    trait      uuid             NOT NULL,            -- cdp_computed_trait.id
    begins     bigint           NOT NULL,            -- of the step, seconds since 1970; 0 where all time is one
    day        bigint           NOT NULL,            -- on which the events came: cdp_event.period
    key        uuid             NOT NULL,            -- of the value, where values are counted apart; else zero
    newest     boolean          NOT NULL,            -- whether the last of them is kept, or else the first
    events     bigint           NOT NULL,            -- that count
    total      numeric          NOT NULL,            -- of their numbers, to the last digit
    low        float8,
    high       float8,
    at         bigint           NOT NULL,            -- of the last or first, microseconds since 1970
    message_id text COLLATE "C" NOT NULL,
    value      jsonb,
    PRIMARY KEY (ws, profile_no, trait, begins, day, key)
) WITH (fillfactor = 80);
CREATE INDEX cdp_computed_part_day ON cdp_computed_part (day, ws);

COMMENT ON COLUMN cdp_computed_value.traits IS
    'name → [value, microseconds when that changed, microseconds when time alone may change it, by which definition it is kept]';
