-- How many people were in segments: measured each hour, and when everybody was asked by a new rule. Nothing is put between.
CREATE TABLE segments_size (
    ws        int         NOT NULL,
    segment   uuid        NOT NULL,
    at        timestamptz NOT NULL,
    hour      timestamptz,                          -- for which it was measured; null: everybody had just been asked
    people    bigint      NOT NULL,
    reachable bigint,                               -- by web push; null: not measured, as of static ones
    PRIMARY KEY (ws, segment, at),
    FOREIGN KEY (ws, segment) REFERENCES segments_segment (ws, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX segments_size_hour ON segments_size (ws, segment, hour) WHERE hour IS NOT NULL;
CREATE INDEX segments_size_at ON segments_size (at);
