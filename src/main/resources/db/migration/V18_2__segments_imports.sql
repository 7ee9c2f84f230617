-- Files of people for static segments, read by a job. How far it came is written with what it made of it, so a crash repeats nothing.
CREATE TABLE segments_import (
    id          uuid        PRIMARY KEY,
    ws          int         NOT NULL,
    segment     uuid        NOT NULL,
    mode        text        NOT NULL CHECK (mode IN ('add', 'replace')),
    format      text        NOT NULL CHECK (format IN ('csv', 'ndjson')),
    upload      uuid        NOT NULL, -- gone when it is over
    octets      bigint      NOT NULL,
    state       text        NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'completed', 'failed', 'cancelled')),
    reason      text,
    header      text[],               -- of a CSV, once it was read
    position    bigint      NOT NULL DEFAULT 0, -- octets that were read
    line        bigint      NOT NULL DEFAULT 1, -- the line that comes next
    added       bigint      NOT NULL DEFAULT 0,
    unchanged   bigint      NOT NULL DEFAULT 0,
    unknown     bigint      NOT NULL DEFAULT 0,
    faulty      bigint      NOT NULL DEFAULT 0,
    removed     bigint      NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    FOREIGN KEY (ws, segment) REFERENCES segments_segment (ws, id) ON DELETE CASCADE
);
CREATE INDEX segments_import_page ON segments_import (ws, id DESC);
CREATE INDEX segments_import_segment ON segments_import (ws, segment);

-- The first lines of each that could not be taken. Never with what stood there.
CREATE TABLE segments_import_error (
    import uuid   NOT NULL REFERENCES segments_import ON DELETE CASCADE,
    line   bigint NOT NULL,
    detail text   NOT NULL,
    PRIMARY KEY (import, line)
);

-- Whom a file names that is to replace who is there: others leave at its end. Gone when it is over.
CREATE TABLE segments_import_member (
    import     uuid NOT NULL REFERENCES segments_import ON DELETE CASCADE,
    profile_no int  NOT NULL,
    PRIMARY KEY (import, profile_no)
);
