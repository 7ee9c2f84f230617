-- Named sets of people.
CREATE TABLE segments_segment (
    ws          int         NOT NULL,
    id          uuid        NOT NULL,
    kind        text        NOT NULL CHECK (kind IN ('dynamic', 'static')),
    name        text        NOT NULL,
    description text        NOT NULL DEFAULT '',
    tags        text[]      NOT NULL DEFAULT '{}',
    rule        jsonb,                                  -- of a dynamic one
    created_by  uuid        NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_by  uuid        NOT NULL,
    updated_at  timestamptz NOT NULL DEFAULT now(),
    version     bigint      NOT NULL DEFAULT 1,
    PRIMARY KEY (ws, id),
    CHECK ((kind = 'dynamic') = (rule IS NOT NULL))
);
CREATE UNIQUE INDEX segments_segment_name ON segments_segment (ws, lower(name));

-- Who was put into a static segment.
CREATE TABLE segments_member (
    ws         int         NOT NULL,
    segment    uuid        NOT NULL,
    profile_no int         NOT NULL,
    added_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (ws, segment, profile_no),
    FOREIGN KEY (ws, segment) REFERENCES segments_segment (ws, id) ON DELETE CASCADE
);
CREATE INDEX segments_member_profile ON segments_member (ws, profile_no);

-- What rules read of other domains.
CREATE VIEW segments_event AS
SELECT e.ws, i.profile_no, e.name, e.at, e.payload -> 'properties' AS properties
FROM cdp_event e JOIN cdp_identity i ON i.no = e.identity_no
WHERE e.kind = 'track';

CREATE VIEW segments_reachable AS
SELECT DISTINCT ws, profile_no, 'webpush' AS channel FROM webpush_subscription WHERE status = 'active';
