-- What a segment was, each time it changed.
CREATE TABLE segments_version (
    ws          int         NOT NULL,
    segment     uuid        NOT NULL,
    version     bigint      NOT NULL,
    name        text        NOT NULL,
    description text        NOT NULL,
    tags        text[]      NOT NULL,
    rule        jsonb,
    by          uuid        NOT NULL,
    at          timestamptz NOT NULL,
    PRIMARY KEY (ws, segment, version),
    FOREIGN KEY (ws, segment) REFERENCES segments_segment (ws, id) ON DELETE CASCADE
);
INSERT INTO segments_version
SELECT ws, id, version, name, description, tags, rule, updated_by, updated_at FROM segments_segment;
