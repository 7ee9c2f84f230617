-- Groups of which something became other that rules ask for: their members are woken, a piece at a time.
CREATE TABLE segments_group (
    ws      int              NOT NULL,
    id      text COLLATE "C" NOT NULL,                    -- the groupId
    next    int              NOT NULL DEFAULT 0,          -- members below this number were woken
    again   boolean          NOT NULL DEFAULT false,      -- it became other meanwhile: all of them once more
    turn_at timestamptz      NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (ws, id)
);
CREATE INDEX segments_group_turn ON segments_group (turn_at);
