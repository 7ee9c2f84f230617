-- What was made before a restore, or before a copy of the installation was taken, waits until somebody releases it: the
-- instance that made it may have sent it, or be sending it. At most one row, which never goes by itself.
CREATE TABLE cep_hold (
  one       boolean PRIMARY KEY DEFAULT true CHECK (one),
  last_run  bigint NOT NULL,                -- in the order of cep_run_seq: these runs and all before wait, whatever clocks say
  reason    text NOT NULL,
  held_by   text NOT NULL,                  -- for people; the audit trail knows exactly
  held_at   timestamptz NOT NULL DEFAULT now()
);

-- The order in which runs were made: a run's number without its week.
CREATE FUNCTION cep_run_order(run bigint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT run & ((1::bigint << 36) - 1)
$$;
