-- Work that must happen. A row is written in the transaction of the change that asks for it; a worker claims it under a
-- lease, and only who holds the lease's token may write its result. Claims, heartbeats and results wait for no row that
-- somebody else has locked.

CREATE SEQUENCE lease_token AS bigint;
COMMENT ON SEQUENCE lease_token IS 'Fencing tokens: each claim of anything takes a new, higher one';

-- What is not over yet.
CREATE TABLE jobs (
    id                 uuid        PRIMARY KEY,
    ws                 int         NOT NULL,
    type               text        NOT NULL,
    key                text        NOT NULL,
    lane               smallint    NOT NULL,
    payload            jsonb       NOT NULL,
    request_id         text,
    deadline           timestamptz,
    parent             uuid,
    state              text        NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'parked')),
    due_at             timestamptz,
    attempts           int         NOT NULL DEFAULT 0,
    asked_again        boolean     NOT NULL DEFAULT false,
    cancelled          boolean     NOT NULL DEFAULT false,
    joins              boolean     NOT NULL DEFAULT false,
    lease_token        bigint,
    node               uuid,
    reason             text,
    children           int         NOT NULL DEFAULT 0,
    children_done      int         NOT NULL DEFAULT 0,
    children_failed    int         NOT NULL DEFAULT 0,
    children_cancelled int         NOT NULL DEFAULT 0,
    progress_done      bigint,
    progress_total     bigint,
    progress_note      text,
    created_at         timestamptz NOT NULL DEFAULT now(),
    CHECK ((state = 'running') = (lease_token IS NOT NULL)),
    CHECK ((state = 'parked') = (due_at IS NULL))
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
COMMENT ON COLUMN jobs.deadline IS 'After it the work makes no sense any more: as a dead letter it is not brought back';
COMMENT ON COLUMN jobs.state IS 'parked: its own part is done, its children are not';
COMMENT ON COLUMN jobs.due_at IS 'From when on anybody may claim it: the wanted time while waiting, the end of the lease while running';
COMMENT ON COLUMN jobs.attempts IS 'Claims since the last success or progress, the running one included';
COMMENT ON COLUMN jobs.asked_again IS 'Asked for once more before it was over: its end means one more run';
COMMENT ON COLUMN jobs.cancelled IS 'Somebody wants it to end without being done';
COMMENT ON COLUMN jobs.joins IS 'Runs once more when all its children are over';
COMMENT ON COLUMN jobs.reason IS 'Why the last attempt failed, in words fit for an answer';

-- One live job per key.
CREATE UNIQUE INDEX jobs_live ON jobs (ws, type, key);
-- Looked through workspace by workspace, then claimed from in order.
CREATE INDEX jobs_due ON jobs (lane, ws, due_at) INCLUDE (type) WHERE due_at IS NOT NULL;
CREATE INDEX jobs_parent ON jobs (parent) WHERE parent IS NOT NULL;

-- How much each workspace has had of a lane, in jobs: who has had least comes first.
CREATE TABLE job_share (
    lane  smallint NOT NULL,
    ws    int      NOT NULL,
    vtime bigint   NOT NULL,
    PRIMARY KEY (lane, ws)
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0);
CREATE INDEX job_share_most ON job_share (lane, vtime);

-- Children that are over and not yet counted at their parents: rows are only added, so that children wait for nobody.
CREATE TABLE job_child_end (
    parent    uuid NOT NULL,
    done      int  NOT NULL,
    failed    int  NOT NULL,
    cancelled int  NOT NULL
) WITH (autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0);

-- What is over, cut by days, so that forgetting it is dropping a table.
CREATE TABLE jobs_done (
    period             bigint      NOT NULL,
    ws                 int         NOT NULL,
    id                 uuid        NOT NULL,
    type               text        NOT NULL,
    key                text        NOT NULL,
    lane               smallint    NOT NULL,
    payload            jsonb       NOT NULL,
    request_id         text,
    deadline           timestamptz,
    parent             uuid,
    state              text        NOT NULL CHECK (state IN ('done', 'cancelled', 'dead')),
    attempts           int         NOT NULL,
    node               uuid,
    reason             text,
    children           int         NOT NULL,
    children_done      int         NOT NULL,
    children_failed    int         NOT NULL,
    children_cancelled int         NOT NULL,
    progress_done      bigint,
    progress_total     bigint,
    progress_note      text,
    created_at         timestamptz NOT NULL,
    finished_at        timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (ws, id, period)
) PARTITION BY RANGE (period);
COMMENT ON TABLE jobs_done IS 'Jobs that were done or cancelled';

-- Dead letters are kept longer, and may be brought back.
CREATE TABLE jobs_dead (LIKE jobs_done INCLUDING ALL) PARTITION BY RANGE (period);
COMMENT ON TABLE jobs_dead IS 'Jobs that could not be done, each with its reason';

SELECT add_period(relation, 86400, now() + make_interval(days => ahead))
FROM unnest(ARRAY['jobs_done', 'jobs_dead']) AS relation, generate_series(0, 2) AS ahead;
