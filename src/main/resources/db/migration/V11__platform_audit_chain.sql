-- The audit trail as a chain: each workspace's lines get a number and a hash over the line before, so that whoever changes,
-- removes, adds or swaps lines in the database is found out. It is cut by 30 days, so that forgetting it is dropping tables.

CREATE SEQUENCE audit_event_number AS bigint;

-- What there is becomes the partition of this period. Nothing is copied, and older versions go on writing.
DO $$
DECLARE
    period bigint := floor(extract(epoch FROM now()) / 2592000);
BEGIN
    ALTER TABLE audit_detail DROP CONSTRAINT audit_detail_event_fkey;
    ALTER TABLE audit_detail DROP CONSTRAINT audit_detail_pkey;
    ALTER TABLE audit_detail
        ALTER COLUMN event SET NOT NULL, ALTER COLUMN salt DROP NOT NULL, ALTER COLUMN detail DROP NOT NULL;
    EXECUTE format('ALTER TABLE audit_detail ADD COLUMN period bigint NOT NULL DEFAULT %s, ADD COLUMN receipt uuid', period);
    EXECUTE format('ALTER TABLE audit_detail RENAME TO audit_detail_%s', period);

    ALTER TABLE audit_event ALTER COLUMN id DROP IDENTITY;
    ALTER TABLE audit_event DROP CONSTRAINT audit_event_pkey;
    ALTER TABLE audit_event ALTER COLUMN id SET NOT NULL;
    ALTER TABLE audit_event DROP COLUMN xact;
    EXECUTE format('ALTER TABLE audit_event ADD COLUMN period bigint NOT NULL DEFAULT %s', period);
    EXECUTE format('ALTER TABLE audit_event RENAME TO audit_event_%s', period);
    EXECUTE format('ALTER INDEX audit_event_newest RENAME TO audit_event_%s_newest', period);
    EXECUTE format('ALTER INDEX audit_event_operation RENAME TO audit_event_%s_operation', period);
    EXECUTE format('ALTER INDEX audit_event_result RENAME TO audit_event_%s_result', period);
    EXECUTE format('ALTER INDEX audit_event_time RENAME TO audit_event_%s_time', period);
    EXECUTE format('SELECT setval(''audit_event_number'', max(id)) FROM audit_event_%s HAVING max(id) IS NOT NULL', period);
END
$$;

-- Who did what, written in the transaction of the change. What may be personal lies in audit_detail, which erasure may
-- blank; digest = SHA-256(salt || detail) stays, so that the chain still verifies.
CREATE TABLE audit_event (
    id          bigint NOT NULL DEFAULT nextval('audit_event_number'),
    ws          int NOT NULL,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    operation   text NOT NULL,                -- the contract's x-audit; the operationId where that is none
    result      text NOT NULL CONSTRAINT audit_event_result_check CHECK (result IN ('success', 'denied', 'failed')),
    actor_kind  text NOT NULL,
    actor_id    uuid,
    actor_name  text NOT NULL,                -- never an e-mail address
    object_kind text,
    object_id   text,
    request_id  text NOT NULL,
    digest      bytea NOT NULL,
    period      bigint NOT NULL DEFAULT floor(extract(epoch FROM statement_timestamp()) / 2592000)::bigint,
    PRIMARY KEY (id, period)
) PARTITION BY RANGE (period);
CREATE INDEX audit_event_newest ON audit_event (ws, id DESC);
CREATE INDEX audit_event_operation ON audit_event (ws, operation, id DESC);
CREATE INDEX audit_event_result ON audit_event (ws, result, id DESC) WHERE result <> 'success';
CREATE INDEX audit_event_time ON audit_event (ws, at);
CREATE INDEX audit_event_actor ON audit_event (ws, actor_id, id DESC) WHERE actor_id IS NOT NULL;
CREATE INDEX audit_event_object ON audit_event (ws, object_kind, object_id, id DESC) WHERE object_kind IS NOT NULL;

CREATE TABLE audit_detail (
    event   bigint NOT NULL,
    salt    bytea,
    detail  text,                             -- JSON exactly as it was digested: remoteAddress, before, after
    period  bigint NOT NULL DEFAULT floor(extract(epoch FROM statement_timestamp()) / 2592000)::bigint, -- the event's
    receipt uuid,                             -- of the erasure that blanked salt and detail
    PRIMARY KEY (event, period)
) PARTITION BY RANGE (period);

DO $$
DECLARE
    period   bigint := floor(extract(epoch FROM now()) / 2592000);
    relation text;
BEGIN
    FOREACH relation IN ARRAY ARRAY['audit_event', 'audit_detail'] LOOP
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)',
                       relation, relation || '_' || period, period, period + 1);
        INSERT INTO partition_period VALUES (relation, period, to_timestamp(period * 2592000));
    END LOOP;
END
$$;

-- One row for each line, written by one node at a time within a second of the change.
CREATE TABLE audit_chain (
    ws           int NOT NULL,
    seq          bigint NOT NULL,             -- 1, 2, 3 … in each workspace
    event        bigint NOT NULL,
    event_period bigint NOT NULL,
    at           timestamptz NOT NULL,        -- when it was chained; never falls
    content      bytea NOT NULL,              -- SHA-256 of the line
    hash         bytea NOT NULL,              -- SHA-256 of all of this and of the hash before
    period       bigint NOT NULL,
    PRIMARY KEY (ws, seq, period)
) PARTITION BY RANGE (period);
CREATE INDEX audit_chain_event ON audit_chain (event);

-- The end of each chain, signed with a key that is not in the database: without it nobody can cut the chain and close it.
CREATE TABLE audit_head (
    ws        int PRIMARY KEY,
    seq       bigint NOT NULL,
    at        timestamptz NOT NULL,
    hash      bytea NOT NULL,
    signature bytea NOT NULL
) WITH (fillfactor = 50);

-- Where each chain begins since retention has dropped what was before, signed as well.
CREATE TABLE audit_checkpoint (
    ws        int NOT NULL,
    seq       bigint NOT NULL,                -- the last line that was dropped
    hash      bytea NOT NULL,
    period    bigint NOT NULL,                -- lines of this period and before are gone
    at        timestamptz NOT NULL DEFAULT now(),
    signature bytea NOT NULL,
    PRIMARY KEY (ws, period)
);

-- All lines up to this id are chained.
CREATE TABLE audit_position (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    id  bigint NOT NULL
) WITH (fillfactor = 10);
INSERT INTO audit_position (id) VALUES (0);

SELECT add_period(relation, 2592000, now() + make_interval(days => 30 * ahead))
FROM unnest(ARRAY['audit_event', 'audit_detail', 'audit_chain']) AS relation, generate_series(0, 2) AS ahead;
