-- What callers that ask more than a node's own part may still ask in all nodes together. Not durable: after a crash every
-- budget is full, as that of a caller that did not ask for a minute. Rows live for minutes.
CREATE UNLOGGED TABLE rate_budget (
    key    bytea            PRIMARY KEY, -- keyed hash of category and caller: nobody can be read from it
    quota  int              NOT NULL,    -- of a minute, the nodes' own parts included
    tokens double precision NOT NULL,    -- left at that time; below 0 while nodes owe what they gave before they asked
    taken  double precision NOT NULL,    -- by the last lease
    at     timestamptz      NOT NULL
) WITH (fillfactor = 50);
