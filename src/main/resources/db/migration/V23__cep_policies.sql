-- What a workspace lays down for all its messages, and what each person got lately.

-- Each version stays: a decision names the version that it was made by.
CREATE TABLE cep_policies (
    ws         int         NOT NULL,
    version    int         NOT NULL,                -- 1 for the first
    body       jsonb       NOT NULL,                -- the contract's PoliciesChange
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (ws, version)
);

-- The last 64 messages of each person, as app.fathi.cep.Ring writes them: a row for whoever got one while the workspace had a cap
-- or a gap. No other index, and room in each page: updates stay in place.
CREATE TABLE cep_profile_policy (
    ws         int   NOT NULL,
    profile_no int   NOT NULL,
    ring       bytea NOT NULL DEFAULT '',
    PRIMARY KEY (ws, profile_no)
) WITH (fillfactor = 70);

-- Locks these people's rows, those who have none yet by making one, in ascending order: whoever reserves waits here for who came
-- before, and then reads, by a statement of its own, what that one has written.
CREATE FUNCTION cep_lock_rings(workspace int, people int[]) RETURNS TABLE (person int, sends bytea) LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO cep_profile_policy AS p (ws, profile_no)
    SELECT workspace, wanted.no FROM unnest(people) AS wanted (no) ORDER BY wanted.no
    ON CONFLICT (ws, profile_no) DO UPDATE SET ring = p.ring WHERE false;
    RETURN QUERY SELECT p.profile_no, p.ring FROM cep_profile_policy p WHERE p.ws = workspace AND p.profile_no = ANY (people);
END
$$;

-- By what a decision was made, as app.fathi.cep.Factors writes it; null where no policy had a say.
ALTER TABLE cep_message ADD COLUMN factors bytea;

-- A word of the sender's by which caps count.
ALTER TABLE cep_run ADD COLUMN tag text;

-- Where workspaces are, for other domains.
CREATE VIEW users_zone AS SELECT no AS ws, timezone FROM users_workspace;
