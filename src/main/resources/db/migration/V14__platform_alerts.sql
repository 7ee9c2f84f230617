-- What operators have to be told: one row for each thing that is wrong, whichever node saw it and however often.
CREATE TABLE alert (
    ws         int         NOT NULL,             -- 0: the whole installation
    kind       text        NOT NULL,             -- app.fathi.platform.alerts.Alert.Kind
    object     text        NOT NULL,             -- what is wrong, in a few words or ids; never personal
    text       text        NOT NULL,             -- of the last time
    first_at   timestamptz NOT NULL DEFAULT now(),
    last_at    timestamptz NOT NULL DEFAULT now(),
    times      bigint      NOT NULL DEFAULT 1,   -- since first_at; after a quiet day it begins anew
    told_times bigint      NOT NULL DEFAULT 0,   -- how many of these were mailed
    told_at    timestamptz,                      -- the last mail about it
    PRIMARY KEY (ws, kind, object)
);
CREATE INDEX alert_age ON alert (last_at);
