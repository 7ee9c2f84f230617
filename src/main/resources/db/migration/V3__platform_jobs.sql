-- Work that must happen. A row is written in the transaction of the change that asks for it; a worker claims it under a
-- lease, and only who holds the lease's token may write its result.

CREATE SEQUENCE lease_token AS bigint;
COMMENT ON SEQUENCE lease_token IS 'Fencing tokens: each claim of anything takes a new, higher one';

CREATE TABLE jobs (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ws          int         NOT NULL,
    type        text        NOT NULL,
    key         text        NOT NULL,
    lane        smallint    NOT NULL,
    payload     jsonb       NOT NULL,
    request_id  text,
    state       text        NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'dead')),
    due_at      timestamptz NOT NULL,
    attempts    int         NOT NULL DEFAULT 0,
    asked_again boolean     NOT NULL DEFAULT false,
    lease_token bigint,
    node        uuid,
    reason      text,
    created_at  timestamptz NOT NULL DEFAULT now(),
    CHECK ((state = 'running') = (lease_token IS NOT NULL))
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
COMMENT ON COLUMN jobs.due_at IS 'From when on anybody may claim it: the wanted time while waiting, the end of the lease while running';
COMMENT ON COLUMN jobs.attempts IS 'Claims since the last success or progress, the running one included';
COMMENT ON COLUMN jobs.asked_again IS 'Asked for once more while it ran: done means one more run';
COMMENT ON COLUMN jobs.reason IS 'Why the last attempt failed; of a dead job, why it is dead';

-- One live job per key. A dead one does not stand in the way of a new request.
CREATE UNIQUE INDEX jobs_live ON jobs (ws, type, key) WHERE state <> 'dead';
-- Claims walk it lane by lane.
CREATE INDEX jobs_due ON jobs (lane, due_at) WHERE state <> 'dead';

CREATE TABLE jobs_done (
    id          bigint      NOT NULL,
    ws          int         NOT NULL,
    type        text        NOT NULL,
    key         text        NOT NULL,
    lane        smallint    NOT NULL,
    payload     jsonb       NOT NULL,
    request_id  text,
    attempts    int         NOT NULL,
    node        uuid,
    created_at  timestamptz NOT NULL,
    finished_at timestamptz NOT NULL,
    PRIMARY KEY (id, finished_at)
) PARTITION BY RANGE (finished_at);
COMMENT ON TABLE jobs_done IS 'Finished jobs, one partition per UTC day, dropped as a whole';
-- Finishing a job must never fail for want of a partition.
CREATE TABLE jobs_done_rest PARTITION OF jobs_done DEFAULT;

-- Makes the partitions of today and the coming days and drops those older than keep_days; returns how many were dropped.
CREATE FUNCTION jobs_done_partitions(ahead_days int, keep_days int) RETURNS int
LANGUAGE plpgsql
SET lock_timeout = '1s'
SET timezone = 'UTC'
AS $$
DECLARE
    today   date := now()::date;
    wanted  date;
    old     text;
    dropped int := 0;
BEGIN
    -- One node at a time; the others have nothing left to do.
    IF NOT pg_try_advisory_xact_lock(hashtext('jobs_done_partitions')) THEN
        RETURN 0;
    END IF;
    FOR step IN 0 .. ahead_days LOOP
        wanted := today + step;
        IF to_regclass('jobs_done_' || to_char(wanted, 'YYYYMMDD')) IS NULL
           AND NOT EXISTS (SELECT FROM jobs_done_rest WHERE finished_at >= wanted AND finished_at < wanted + 1) THEN
            EXECUTE format(
                'CREATE TABLE %I PARTITION OF jobs_done FOR VALUES FROM (%L) TO (%L)',
                'jobs_done_' || to_char(wanted, 'YYYYMMDD'), wanted::timestamptz, (wanted + 1)::timestamptz);
        END IF;
    END LOOP;
    FOR old IN
        SELECT c.relname
        FROM pg_inherits i
        JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'jobs_done'::regclass
          AND c.relname ~ '^jobs_done_[0-9]{8}$'
          AND to_date(right(c.relname, 8), 'YYYYMMDD') < today - keep_days
    LOOP
        EXECUTE format('DROP TABLE %I', old);
        dropped := dropped + 1;
    END LOOP;
    DELETE FROM jobs_done_rest WHERE finished_at < (today - keep_days)::timestamptz;
    RETURN dropped;
END
$$;

-- Who is there. Leases, not this table, decide who may work: it is for people and for alarms.
CREATE TABLE node (
    id         uuid        PRIMARY KEY,
    host       text        NOT NULL,
    pid        bigint      NOT NULL,
    roles      text[]      NOT NULL,
    version    text        NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    seen_at    timestamptz NOT NULL DEFAULT now()
);
