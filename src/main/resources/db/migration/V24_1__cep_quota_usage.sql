-- What cep_take_quota would decide by at this moment, for people to look at: one row for a workspace with a quota, none else.
CREATE FUNCTION cep_quota_usage(workspace int) RETURNS TABLE (
    per_day bigint, used_today bigint, day_ends timestamptz, per_month bigint, used_this_month bigint, month_ends timestamptz)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    quota users_quota;
    zone  text;
    today date;
BEGIN
    SELECT * INTO quota FROM users_quota q WHERE q.ws = workspace;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    zone := quota.timezone;
    BEGIN
        today := (clock_timestamp() AT TIME ZONE zone)::date;
    EXCEPTION WHEN invalid_parameter_value THEN
        zone := 'UTC'; -- a zone that this server's list does not have
        today := (clock_timestamp() AT TIME ZONE zone)::date;
    END;
    RETURN QUERY
    SELECT quota.per_day,
           coalesce(sum(u.used) FILTER (WHERE u.day = today), 0)::bigint,
           (today + 1)::timestamp AT TIME ZONE zone,
           quota.per_month,
           coalesce(sum(u.used), 0)::bigint,
           (date_trunc('month', today::timestamp) + interval '1 month') AT TIME ZONE zone
    FROM cep_quota_use u
    WHERE u.ws = workspace AND u.day >= date_trunc('month', today)::date AND u.day <= today;
END
$$;
