-- Forgets the runs of the oldest week of which all is over for so long, at most so many at once, and with the last of them the
-- ledger's partition. How much went; 0: nothing is old enough. The caller sets lock_timeout: the ledger is locked for the
-- moment of the drop. A week with a run that is not over long enough waits for it.
CREATE FUNCTION cep_forget_week(older_than timestamptz, most int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    old  int;
    gone int;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('cep_make_weeks'));
    SELECT w.week INTO old FROM cep_week w
    WHERE w.starts_at + interval '7 days' < older_than
      -- Runs are numbered by the newest week that has begun: never that one.
      AND EXISTS (SELECT FROM cep_week later WHERE later.week > w.week AND later.starts_at <= now())
      AND NOT EXISTS (
        SELECT FROM cep_run r
        WHERE r.run >= w.week::bigint << 36 AND r.run < (w.week + 1)::bigint << 36
          AND (r.finished_at IS NULL OR r.finished_at >= older_than OR r.expires_at >= older_than))
    ORDER BY w.week LIMIT 1;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    WITH gone_runs AS (
        SELECT run FROM cep_run WHERE run >= old::bigint << 36 AND run < (old + 1)::bigint << 36 ORDER BY run LIMIT most),
    deltas AS (DELETE FROM cep_run_delta d USING gone_runs g WHERE d.run = g.run)
    DELETE FROM cep_run r USING gone_runs g WHERE r.run = g.run;
    GET DIAGNOSTICS gone = ROW_COUNT;
    IF gone < most THEN
        EXECUTE format('DROP TABLE IF EXISTS cep_message_w%s', old);
        DELETE FROM cep_week WHERE week = old;
        gone := gone + 1;
    END IF;
    RETURN gone;
END
$$;
