-- Who is in dynamic segments, kept and moved with each event: see docs/decisions/0016.

-- Segments as small numbers, because each person's row holds a list of them.
ALTER TABLE segments_segment
    ADD COLUMN no         int,                      -- of a dynamic one; never used again
    ADD COLUMN rule_no    bigint NOT NULL DEFAULT 1, -- grows when who is meant changes, in its own rule or in one that it names
    ADD COLUMN kept_no    bigint,                   -- the rule_no for which everybody was asked; null: never yet
    ADD COLUMN kept_at    timestamptz,
    ADD COLUMN asking_no  bigint;                   -- the rule_no for which everybody is being asked

-- A workspace that has, or had, dynamic segments.
CREATE TABLE segments_workspace (
    ws        int    PRIMARY KEY,
    version   bigint NOT NULL DEFAULT 1,            -- grows with each change of what is kept: nodes read the rules again
    next_no   int    NOT NULL DEFAULT 1,
    next_atom int    NOT NULL DEFAULT 1,
    asked_to  int                                   -- while everybody is being asked: people below this number were
);

-- The truth about one person: changed under this row's lock only.
CREATE TABLE segments_person (
    ws         int   NOT NULL,
    profile_no int   NOT NULL,
    members    int[] NOT NULL DEFAULT '{}',         -- numbers of the segments that the person is in, ascending
    due        timestamptz,                         -- when time alone could change that at the earliest
    PRIMARY KEY (ws, profile_no)
) WITH (fillfactor = 80);
CREATE INDEX segments_person_due ON segments_person (due) WHERE due IS NOT NULL;

-- Behaviours that rules count: an event and what holds of its properties.
CREATE TABLE segments_atom (
    ws    int              NOT NULL,
    no    int              NOT NULL,
    key   text COLLATE "C" NOT NULL,                -- rules/BehaviourKey
    keep  int              NOT NULL,                -- so many of the newest moments decide all rules; never less
    PRIMARY KEY (ws, no)
);
CREATE UNIQUE INDEX segments_atom_key ON segments_atom (ws, md5(key));

-- When somebody did it last, the newest of them.
CREATE TABLE segments_moments (
    ws         int      NOT NULL,
    profile_no int      NOT NULL,
    atom       int      NOT NULL,
    moments    bigint[] NOT NULL,                   -- microseconds since 1970, ascending
    PRIMARY KEY (ws, profile_no, atom)
) WITH (fillfactor = 80);

-- The same membership turned round, for counting and listing: 65,536 profile numbers in a bitmap. Follows segments_person by
-- less than a second.
CREATE TABLE segments_block (
    ws      int   NOT NULL,
    segment int   NOT NULL,                         -- segments_segment.no; 0 is everybody, -1 whom web push reaches
    block   int   NOT NULL,                         -- profile_no >> 16
    people  int   NOT NULL,
    bits    bytea NOT NULL,                         -- a Roaring bitmap of profile_no & 65535, in its portable format
    PRIMARY KEY (ws, segment, block)
);

CREATE VIEW segments_address AS SELECT ws, id, profile_no FROM webpush_subscription;

-- Dynamic segments of before get their numbers, and a job asks everybody.
WITH numbered AS (
    SELECT ws, id, row_number() OVER (PARTITION BY ws ORDER BY id)::int AS no FROM segments_segment WHERE kind = 'dynamic')
UPDATE segments_segment s SET no = n.no FROM numbered n WHERE s.ws = n.ws AND s.id = n.id;
INSERT INTO segments_workspace (ws, next_no) SELECT ws, max(no) + 1 FROM segments_segment WHERE no IS NOT NULL GROUP BY ws;
CREATE UNIQUE INDEX segments_segment_no ON segments_segment (ws, no);
