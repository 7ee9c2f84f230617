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
