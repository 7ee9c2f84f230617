-- Jobs that come again by the clock.
CREATE TABLE job_schedule (
    ws         int         NOT NULL,
    name       text        NOT NULL,
    type       text        NOT NULL,
    lane       smallint    NOT NULL,
    payload    jsonb       NOT NULL,
    cron       text        NOT NULL,
    zone       text        NOT NULL,
    missed     text        NOT NULL CHECK (missed IN ('skip', 'one', 'all')),
    next_at    timestamptz NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (ws, name)
);
COMMENT ON COLUMN job_schedule.next_at IS 'The first slot that nobody has looked at';
CREATE INDEX job_schedule_next ON job_schedule (next_at);

-- One row per slot that was run: whoever writes it asks for the slot's job, and nobody else can.
CREATE TABLE job_slot (
    ws       int         NOT NULL,
    name     text        NOT NULL,
    slot     timestamptz NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (ws, name, slot)
);
