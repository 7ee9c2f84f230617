-- Files of subscriptions, read by a job. How far it came is written with what it made of it, so a crash repeats nothing.
CREATE TABLE webpush_import (
    id          uuid        PRIMARY KEY,
    ws          int         NOT NULL,
    key_id      uuid        NOT NULL REFERENCES webpush_key (id),
    format      text        NOT NULL CHECK (format IN ('csv', 'ndjson')),
    upload      uuid        NOT NULL, -- gone when it is over
    octets      bigint      NOT NULL,
    state       text        NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'completed', 'failed', 'cancelled')),
    reason      text,
    header      text[],               -- of a CSV, once it was read
    position    bigint      NOT NULL DEFAULT 0, -- octets that were read
    line        bigint      NOT NULL DEFAULT 1, -- the line that comes next
    created     bigint      NOT NULL DEFAULT 0,
    updated     bigint      NOT NULL DEFAULT 0,
    unchanged   bigint      NOT NULL DEFAULT 0,
    skipped     bigint      NOT NULL DEFAULT 0,
    faulty      bigint      NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz
);
CREATE INDEX webpush_import_page ON webpush_import (ws, id DESC);

-- The first lines of each that could not be taken. Never with what stood there.
CREATE TABLE webpush_import_error (
    import uuid   NOT NULL REFERENCES webpush_import ON DELETE CASCADE,
    line   bigint NOT NULL,
    detail text   NOT NULL,
    PRIMARY KEY (import, line)
);

-- Its browser has not been here yet: what is known of it came from a file.
ALTER TABLE webpush_subscription ADD COLUMN imported boolean NOT NULL DEFAULT false;
