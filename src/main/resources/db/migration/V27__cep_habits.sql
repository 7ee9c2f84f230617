-- When people react to messages, as app.fathi.cep.besttime.Habits counts it.

-- A row for whoever was sent something that reports what comes of it. No other index, and room in each page: updates stay in place.
CREATE TABLE cep_habits (
    ws         int   NOT NULL,
    profile_no int   NOT NULL,
    habits     bytea NOT NULL DEFAULT '',
    PRIMARY KEY (ws, profile_no)
) WITH (fillfactor = 70);

-- The same of everybody in a workspace, by the hours of the week; 0 is Monday from midnight on.
CREATE TABLE cep_habits_all (
    ws    int      PRIMARY KEY,
    day   int      NOT NULL,                        -- up to which it is counted, since 1970
    tried float8[] NOT NULL,
    liked float8[] NOT NULL
);

-- Messages that are not learned of yet, and to whom of their people it was come. Those before the cursor that are not among them are done.
CREATE TABLE cep_habits_run (
    run           bigint PRIMARY KEY REFERENCES cep_run ON DELETE CASCADE,
    after_profile int    NOT NULL DEFAULT -1
);
CREATE TABLE cep_habits_cursor (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    run bigint  NOT NULL
);
-- What was sent before this was there is learned of, too.
INSERT INTO cep_habits_cursor (run) VALUES (0);

-- Who has the addresses of a number in the ledger now.
CREATE VIEW cep_person AS SELECT ws, profile_no, coalesce(addresses_into, profile_no) AS person FROM cdp_profile;

-- Locks these people's rows, those who have none yet by making one, in ascending order. Who was erased has none and gets none.
CREATE FUNCTION cep_lock_habits(workspace int, people int[]) RETURNS TABLE (person int, counted bytea) LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO cep_habits AS h (ws, profile_no)
    SELECT workspace, there.profile_no FROM (
        SELECT p.profile_no FROM cdp_profile p WHERE p.ws = workspace AND p.profile_no = ANY (people)
        ORDER BY p.profile_no FOR KEY SHARE) there
    ON CONFLICT (ws, profile_no) DO UPDATE SET habits = h.habits WHERE false;
    RETURN QUERY SELECT h.profile_no, h.habits FROM cep_habits h WHERE h.ws = workspace AND h.profile_no = ANY (people);
END
$$;
