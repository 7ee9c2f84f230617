-- Whom a message to a segment or a rule goes to is found when it is sent, page by page; what was found is the run's chunks.
-- How far that came is written with the chunks, so a crash repeats and leaves out nobody.
CREATE TABLE cep_expansion (
    run         bigint      PRIMARY KEY REFERENCES cep_run ON DELETE CASCADE,
    segment     uuid,                                 -- the one that was asked for; null: a rule was
    rule        jsonb       NOT NULL,                 -- as it was asked
    names       uuid[]      NOT NULL,                 -- segments that must stay until everybody is found
    frozen      jsonb,                                -- the rule with those of the segments that it names, once it has begun
    as_of       timestamptz,                          -- the moment for which everybody is asked, once it has begun
    before_no   int         NOT NULL DEFAULT 2147483647, -- everybody from this number on was asked; who comes later has a higher one
    chunks      int         NOT NULL DEFAULT 0,
    state       text        NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'finding', 'found', 'stopped', 'failed')),
    reason      text,                                 -- of a failed one, for people
    finished_at timestamptz
) WITH (fillfactor = 50);
CREATE INDEX cep_expansion_open ON cep_expansion (run) WHERE state IN ('waiting', 'finding');
CREATE INDEX cep_expansion_segment ON cep_expansion (segment, run DESC) WHERE segment IS NOT NULL;

-- What segments read of it: a run, and whether it is still to find people in the segments that it names.
CREATE VIEW segments_message AS
SELECT r.ws, r.id, e.run, e.segment, e.names, e.state IN ('waiting', 'finding') AS open, r.state, r.purpose, r.planned, r.created_at
FROM cep_expansion e JOIN cep_run r ON r.run = e.run;
