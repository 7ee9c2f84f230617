-- How many days a workspace keeps what; null: as long as the installation does. The view is what others may know of it.
ALTER TABLE users_workspace
    ADD COLUMN keep_events_days        int CHECK (keep_events_days > 0),
    ADD COLUMN keep_messages_days      int CHECK (keep_messages_days > 0),
    ADD COLUMN keep_finished_jobs_days int CHECK (keep_finished_jobs_days > 0),
    ADD COLUMN keep_dead_letters_days  int CHECK (keep_dead_letters_days > 0),
    ADD COLUMN keep_audit_days         int CHECK (keep_audit_days > 0);

CREATE VIEW users_retention AS
SELECT w.no AS ws, k.kind, k.days
FROM users_workspace w
CROSS JOIN LATERAL (VALUES
    ('eventsDays', keep_events_days), ('messagesDays', keep_messages_days), ('finishedJobsDays', keep_finished_jobs_days),
    ('deadLettersDays', keep_dead_letters_days), ('auditDays', keep_audit_days)) AS k (kind, days)
WHERE k.days IS NOT NULL;

-- Deletes at most so many of a workspace's rows from partitions that ended before the moment, the oldest first; how many went.
CREATE FUNCTION forget_rows(relation text, width_seconds int, workspace int, older_than timestamptz, most int) RETURNS int
LANGUAGE plpgsql AS $$
DECLARE
    period bigint;
    here   int;
    gone   int := 0;
BEGIN
    FOR period IN
        SELECT p.number FROM partition_period p
        WHERE p.relation = forget_rows.relation AND p.begins_at + make_interval(secs => width_seconds) <= older_than
        ORDER BY p.number
    LOOP
        EXECUTE format('DELETE FROM %1$I WHERE ctid = ANY (ARRAY(SELECT ctid FROM %1$I WHERE ws = $1 LIMIT $2))',
                       relation || '_' || period)
        USING workspace, most - gone;
        GET DIAGNOSTICS here = ROW_COUNT;
        gone := gone + here;
        EXIT WHEN gone >= most;
    END LOOP;
    RETURN gone;
END
$$;
