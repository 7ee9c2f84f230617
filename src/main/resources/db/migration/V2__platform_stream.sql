-- Streams: append-only logs of what arrives (ingest, bulk) and of what happened (facts).
-- Positions of one partition of a topic have no gaps and become visible in order, because an append moves the tail
-- (stream_head) and holds it until it commits.

-- Partitioned tables are cut by a period: a number that grows with time. A row takes the newest period that has begun
-- and whose table exists, so a partition that was not created in time is no fault: rows stay in the one before.
CREATE TABLE partition_period (
    relation  text        NOT NULL,
    number    bigint      NOT NULL,
    begins_at timestamptz NOT NULL,
    PRIMARY KEY (relation, number)
);

-- Creates the partition of `relation` for the period of `width_seconds` that holds `moment`; does nothing when there is one.
-- Attaching a ready table takes no lock that readers or writers of the parent wait for.
CREATE FUNCTION add_period(relation text, width_seconds int, moment timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    period    bigint := floor(extract(epoch FROM moment) / width_seconds);
    partition text   := relation || '_' || period;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('partition_period.' || add_period.relation, 0));
    IF EXISTS (SELECT FROM partition_period p WHERE p.relation = add_period.relation AND p.number = period) THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', partition, relation);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', relation, partition, period, period + 1);
    INSERT INTO partition_period VALUES (add_period.relation, period, to_timestamp(period * width_seconds));
END
$$;

-- Drops one partition with its rows. The caller sets lock_timeout: the parent is locked for the moment of the drop.
CREATE FUNCTION drop_period(relation text, period bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('partition_period.' || drop_period.relation, 0));
    EXECUTE format('DROP TABLE IF EXISTS %I', relation || '_' || period);
    DELETE FROM partition_period p WHERE p.relation = drop_period.relation AND p.number = period;
END
$$;

-- The tails. Updated by every append: kept in one page each, so that updates stay in place.
CREATE TABLE stream_head (
    topic  text COLLATE "C" NOT NULL,
    part   smallint         NOT NULL,
    next   bigint           NOT NULL DEFAULT 0,  -- the position that the next record gets
    period bigint           NOT NULL DEFAULT 0,  -- of the newest record; never falls, whatever the clock does
    PRIMARY KEY (topic, part)
) WITH (fillfactor = 10, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0);

INSERT INTO stream_head (topic, part)
SELECT topic, part FROM unnest(ARRAY['ingest', 'bulk', 'facts']) AS topic, generate_series(0, 15) AS part;

CREATE TABLE stream_record (
    topic   text COLLATE "C" NOT NULL,
    part    smallint         NOT NULL,
    period  bigint           NOT NULL,           -- an hour
    pos     bigint           NOT NULL,
    at      timestamptz      NOT NULL,
    ws      int              NOT NULL,
    key     text             NOT NULL,           -- records with one key are in one partition, in order
    kind    text             NOT NULL,
    payload text             NOT NULL,           -- JSON; text because it is written once, read once and never searched
    PRIMARY KEY (topic, part, period, pos)
) PARTITION BY RANGE (period);

SELECT add_period('stream_record', 3600, now() + make_interval(hours => ahead)) FROM generate_series(0, 2) AS ahead;

-- How far each group of consumers has come, and who may go on: the owner with the newest epoch.
CREATE TABLE stream_offset (
    grp         text COLLATE "C" NOT NULL,
    topic       text COLLATE "C" NOT NULL,
    part        smallint         NOT NULL,
    pos         bigint           NOT NULL DEFAULT 0,  -- the first position that was not consumed
    period      bigint           NOT NULL DEFAULT 0,  -- of the last record consumed: reading starts there
    epoch       bigint           NOT NULL DEFAULT 0,  -- rises with each change of owner
    owner       uuid,
    lease_until timestamptz      NOT NULL DEFAULT '-infinity',
    PRIMARY KEY (grp, topic, part)
) WITH (fillfactor = 10, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0);

-- Consumers that are alive, so that they share the partitions evenly.
CREATE TABLE stream_member (
    grp         text COLLATE "C" NOT NULL,
    member      uuid             NOT NULL,
    lease_until timestamptz      NOT NULL,
    PRIMARY KEY (grp, member)
);

-- Records that no consumer could digest, with the reason; the offset has passed them.
CREATE TABLE dead_letter (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT now(),
    grp     text        NOT NULL,
    topic   text        NOT NULL,
    part    smallint    NOT NULL,
    pos     bigint      NOT NULL,
    ws      int         NOT NULL,
    key     text        NOT NULL,
    kind    text        NOT NULL,
    payload text        NOT NULL,
    reason  text        NOT NULL
);
CREATE INDEX dead_letter_ws ON dead_letter (ws, id);

-- What services say in the transaction of their change; drained into a topic, in the order of id.
CREATE TABLE outbox (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic   text NOT NULL,
    ws      int  NOT NULL,
    key     text NOT NULL,
    kind    text NOT NULL,
    payload text NOT NULL
) WITH (autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);
