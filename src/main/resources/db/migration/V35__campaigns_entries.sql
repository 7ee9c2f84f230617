-- Campaigns that people are entered into one by one for as long as they run. Nothing of it is a row that all entries write.

-- Each time that people were entered, with one message: the key makes it happen once, however often it is asked for.
-- No reference to the campaign: each entry would have to lock its row.
CREATE TABLE campaigns_entry (
    ws       int         NOT NULL,
    campaign uuid        NOT NULL,
    id       uuid        NOT NULL,                -- also the message's; in the order of time
    key      uuid        NOT NULL,                -- of the caller's word
    at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (ws, campaign, id)
);
CREATE UNIQUE INDEX campaigns_entry_key ON campaigns_entry (ws, campaign, key);

-- When somebody was entered last, and with which messages: one row, however often. Only for campaigns that ask for it.
CREATE TABLE campaigns_entrant (
    ws         int         NOT NULL,
    profile_no int         NOT NULL,
    campaign   uuid        NOT NULL,
    last_at    timestamptz NOT NULL,
    messages   uuid[]      NOT NULL,              -- the newest first, a few
    PRIMARY KEY (ws, profile_no, campaign)
) WITH (fillfactor = 70);

-- What campaigns may know of messages.
CREATE VIEW campaigns_message AS SELECT ws, id, state, finished_at FROM cep_run;

-- Campaigns of which many messages go out one after another: stopped together, and counted together.
CREATE TABLE cep_series (
    campaign     uuid PRIMARY KEY,
    ws           int NOT NULL,
    paused_at    timestamptz,                     -- since when all its messages wait
    cancelled_at timestamptz                      -- since when none of them is sent any more
);

-- Counts of all messages of a series, as those of single ones in cep_run_delta and written with them. Further keys: -1 for people
-- who are planned, -2 for messages. They stay when the messages are not kept any more.
CREATE TABLE cep_series_delta (
    campaign uuid NOT NULL,
    seq      bigint GENERATED ALWAYS AS IDENTITY,
    keys     smallint[] NOT NULL,
    sums     bigint[] NOT NULL,
    PRIMARY KEY (campaign, seq)
);
