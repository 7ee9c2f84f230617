-- What events of people come to, kept by steps of time: see docs/decisions/0035. Of events of the day on which they came, because by
-- these days they are forgotten.
CREATE TABLE segments_sum (
    ws         int     NOT NULL,
    atom       int     NOT NULL,                     -- segments_atom.no
    profile_no int     NOT NULL,
    begins     bigint  NOT NULL,                     -- of the step, seconds since 1970; 0 where all time is one
    day        bigint  NOT NULL,                     -- on which the events came: cdp_event.period
    numbers    bigint  NOT NULL,                     -- how many of them have the property as a number
    total      numeric NOT NULL,                     -- of these, to the last digit
    low        float8,
    high       float8,
    first      bigint  NOT NULL,                     -- microseconds since 1970 of the first of the events
    PRIMARY KEY (ws, atom, profile_no, begins, day)
) WITH (fillfactor = 80);
CREATE INDEX segments_sum_day ON segments_sum (day, ws);

CREATE OR REPLACE VIEW segments_call AS
SELECT e.ws, i.profile_no, e.kind, e.name, e.at, e.payload -> 'properties' AS properties, e.period AS day
FROM cdp_event e JOIN cdp_identity i ON i.no = e.identity_no AND i.ws = e.ws
WHERE e.kind IN ('track', 'page', 'screen');

-- Whoever asks such a rule needs it kept: a job asks everybody once, also by rules that name segments, which may be of such a rule.
UPDATE segments_segment SET kept_no = NULL
WHERE no IS NOT NULL AND rule @? '$.** ? (@.type == "total" || @.type == "firstTime" || @.type == "segment")';
UPDATE segments_workspace SET version = version + 1;
