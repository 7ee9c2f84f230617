-- How a message is spread over people and time: each person's own hour, a cutoff, a holdout, once for each key; and pausing it.
ALTER TABLE cep_run
    ADD COLUMN plan      jsonb,                     -- as app.fathi.cep.Plan writes it; null: to all at once
    ADD COLUMN campaign  uuid,                      -- whose message it is
    ADD COLUMN paused_at timestamptz;               -- since when it waits for somebody who lets it go on

-- Chunks that have a time are of people who share it, not of a range of numbers.
ALTER TABLE cep_chunk
    ADD COLUMN send_at timestamptz,                 -- null: with the run
    ADD COLUMN passed  boolean NOT NULL DEFAULT false;  -- it was over when the message began: they get none

-- Who got one of the messages that are the same thing, and until when no other of them. By primary key alone.
CREATE TABLE cep_dedupe (
    ws         int         NOT NULL,
    profile_no int         NOT NULL,
    key        uuid        NOT NULL,                -- of the sender's word
    run        bigint      NOT NULL,
    until      timestamptz NOT NULL,
    PRIMARY KEY (ws, profile_no, key)
);
