-- How much of its quota a workspace has used, by its own days. Only workspaces with a quota have rows.
CREATE TABLE cep_quota_use (
    ws   int    NOT NULL,
    day  date   NOT NULL,
    used bigint NOT NULL,
    PRIMARY KEY (ws, day)
) WITH (fillfactor = 50);

-- Takes so many deliveries, or as many as are left; in the transaction that begins them, as the last lock before their rows.
CREATE FUNCTION cep_take_quota(workspace int, wanted int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    quota   users_quota;
    today   date;
    used_today bigint;
    used_before bigint;
    granted int;
BEGIN
    SELECT * INTO quota FROM users_quota q WHERE q.ws = workspace;
    IF NOT FOUND THEN
        RETURN wanted;
    END IF;
    BEGIN
        today := (clock_timestamp() AT TIME ZONE quota.timezone)::date;
    EXCEPTION WHEN invalid_parameter_value THEN
        today := (clock_timestamp() AT TIME ZONE 'UTC')::date; -- a zone that this server's list does not have
    END;
    INSERT INTO cep_quota_use VALUES (workspace, today, 0) ON CONFLICT DO NOTHING;
    SELECT used INTO used_today FROM cep_quota_use WHERE ws = workspace AND day = today FOR UPDATE;
    SELECT coalesce(sum(used), 0) INTO used_before FROM cep_quota_use
    WHERE ws = workspace AND day >= date_trunc('month', today)::date AND day < today;
    granted := greatest(0, least(wanted,
                                 coalesce(quota.per_day - used_today, wanted),
                                 coalesce(quota.per_month - used_before - used_today, wanted)));
    UPDATE cep_quota_use SET used = used + granted WHERE ws = workspace AND day = today;
    RETURN granted;
END
$$;
