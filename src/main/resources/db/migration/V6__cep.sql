-- Messages and their ledger. Read docs in app.fathi.cep: claim, decision and delivery are one lean row.

-- What the small numbers in the ledger mean. Held equal to the enum app.fathi.cep.Reason by a test.
CREATE TABLE cep_reason (
  code   smallint PRIMARY KEY,
  name   text NOT NULL UNIQUE,
  state  text NOT NULL CHECK (state IN ('accepted', 'skipped', 'failed', 'interaction'))
);
INSERT INTO cep_reason (code, name, state) VALUES
  (1, 'accepted', 'accepted'),
  (2, 'shown', 'interaction'), (3, 'clicked', 'interaction'), (4, 'closed', 'interaction'),
  (5, 'converted', 'interaction'), (6, 'bounced', 'interaction'), (7, 'complained', 'interaction'),
  (20, 'not_in_audience', 'skipped'), (21, 'no_consent', 'skipped'), (22, 'suppressed', 'skipped'),
  (23, 'no_subscription', 'skipped'), (24, 'duplicate', 'skipped'), (25, 'holdout', 'skipped'),
  (26, 'global_holdout', 'skipped'), (27, 'lower_priority', 'skipped'), (28, 'blackout', 'skipped'),
  (29, 'quiet_hours', 'skipped'), (30, 'queue_expired', 'skipped'), (31, 'capped', 'skipped'),
  (32, 'min_gap', 'skipped'), (33, 'other_channel', 'skipped'), (34, 'template_aborted', 'skipped'),
  (35, 'missing_variable', 'skipped'), (36, 'payload_too_large', 'skipped'), (37, 'cutoff_passed', 'skipped'),
  (38, 'quota_exceeded', 'skipped'), (39, 'kill_switch', 'skipped'), (40, 'cancelled', 'skipped'),
  (41, 'identity_unverified', 'skipped'),
  (60, 'bad_request', 'failed'), (61, 'key_mismatch', 'failed'), (62, 'gone', 'failed'),
  (63, 'rate_limited', 'failed'), (64, 'push_service_error', 'failed'), (65, 'channel_error', 'failed'),
  (66, 'ttl_expired', 'failed'), (67, 'internal', 'failed');

-- One row each time something is sent: an API request now, campaign runs and trigger slots later.
CREATE TABLE cep_run (
  run          bigint PRIMARY KEY,            -- cep_next_run(): begins with its week, see cep_week
  ws           int NOT NULL,
  id           uuid NOT NULL UNIQUE,          -- the public id of the message
  kind         text NOT NULL CHECK (kind IN ('api')),
  channel      smallint NOT NULL,
  state        text NOT NULL CHECK (state IN ('queued', 'sending', 'completed', 'cancelled')),
  purpose      text NOT NULL,
  content      jsonb NOT NULL,                -- templates, not yet rendered
  ttl_seconds  int NOT NULL CHECK (ttl_seconds >= 0),
  urgency      text NOT NULL CHECK (urgency IN ('very-low', 'low', 'normal', 'high')),
  topic        text,
  devices      smallint CHECK (devices > 0),  -- the n most recently active of a person; null: all
  tracking     boolean NOT NULL,
  send_at      timestamptz NOT NULL,
  expires_at   timestamptz NOT NULL,          -- nothing is sent later
  planned      int NOT NULL,                  -- people
  unknown      int NOT NULL,                  -- ids that named nobody
  chunks_left  int NOT NULL,                  -- chunks not finished yet; the last one completes the run
  created_at   timestamptz NOT NULL DEFAULT now(),
  finished_at  timestamptz
);

-- The frozen audience, at most 1,000 people (config) in ascending order: the work of one job. Chunks of a run hold
-- disjoint ranges of profile numbers, so that a chunk's ledger rows are one range of the primary key.
CREATE TABLE cep_chunk (
  run            bigint NOT NULL REFERENCES cep_run ON DELETE CASCADE,
  chunk          int NOT NULL,
  profile_nos    int[] NOT NULL,
  subscriptions  uuid[],                      -- only these addresses of those people; null: all they have
  finished_at    timestamptz,
  PRIMARY KEY (run, chunk)
);

-- The ledger: claim + decision + delivery. Rank 0 carries the claim of the person and the decision, further ranks are
-- the person's other devices. States: 0 waiting, 1 attempting, 2 accepted, 3 failed, 4 skipped. No other index than the
-- primary key: updates stay in place (HOT). Wide columns first, so that no padding is stored.
CREATE TABLE cep_message (
  run             bigint NOT NULL,
  token           bigint NOT NULL,            -- lease under which the row was last written; fences its results
  created_at      timestamptz NOT NULL DEFAULT now(),
  attempted_at    timestamptz,
  accepted_at     timestamptz,
  shown_at        timestamptz,
  clicked_at      timestamptz,
  closed_at       timestamptz,
  next_at         timestamptz,                -- when a waiting row is tried again
  ws              int NOT NULL,
  profile_no      int NOT NULL,
  step            smallint NOT NULL,          -- 0 for a message that is not part of a series
  rank            smallint NOT NULL,
  state           smallint NOT NULL,
  channel         smallint NOT NULL,          -- kept with the claim, so that a resumed message keeps its channel
  attempts        smallint NOT NULL,
  reason          smallint,                   -- of a final row, or of the last failed attempt of a waiting one
  retry_reason    smallint,                   -- why it was sent again: 0 crash, else the reason before
  status          smallint,                   -- HTTP status of the last answer
  id              uuid NOT NULL,              -- the public id of the delivery
  subscription    uuid,
  clicked_action  text,
  PRIMARY KEY (run, step, profile_no, rank)
) PARTITION BY RANGE (run);

-- A partition holds the runs of one week: a run number is its week << 36 plus a sequence, so that retention drops whole
-- partitions by age and the newest weeks, which are the ones written, stay small and in memory. Weeks are made ahead by
-- cep_make_weeks(); should that not have run for long, the newest existing week just goes on.
CREATE TABLE cep_week (
  week       int PRIMARY KEY,                 -- weeks since 2024-01-01 00:00 UTC, a Monday
  starts_at  timestamptz NOT NULL
);
CREATE SEQUENCE cep_run_seq AS bigint;

CREATE FUNCTION cep_next_run() RETURNS bigint LANGUAGE sql VOLATILE AS $$
  SELECT (max(week)::bigint << 36) + nextval('cep_run_seq') FROM cep_week WHERE starts_at <= now()
$$;

CREATE FUNCTION cep_make_weeks(from_time timestamptz, weeks int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  epoch constant timestamptz := '2024-01-01 00:00:00+00';
  first int := floor(extract(epoch FROM from_time - epoch) / 604800);
  made  int := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('cep_make_weeks'));
  FOR w IN first .. first + weeks - 1 LOOP
    CONTINUE WHEN EXISTS (SELECT FROM cep_week WHERE week = w);
    -- Made apart and attached: attaching does not wait for those who are writing to other weeks.
    EXECUTE format('CREATE TABLE cep_message_w%s (LIKE cep_message INCLUDING DEFAULTS INCLUDING CONSTRAINTS) WITH (fillfactor = 75)', w);
    EXECUTE format('ALTER TABLE cep_message ATTACH PARTITION cep_message_w%s FOR VALUES FROM (%s) TO (%s)',
                   w, w::bigint << 36, (w + 1)::bigint << 36);
    INSERT INTO cep_week VALUES (w, epoch + make_interval(secs => w * 604800.0));
    made := made + 1;
  END LOOP;
  RETURN made;
END $$;

SELECT cep_make_weeks(now(), 8);

-- Counts of a run as small increments: one row for each sub-batch instead of one hot counter, summed by the reader and
-- folded when a chunk ends. A key is a code of cep_reason, or 0 for devices beyond a person's first.
CREATE TABLE cep_run_delta (
  run   bigint NOT NULL,
  seq   bigint GENERATED ALWAYS AS IDENTITY,
  keys  smallint[] NOT NULL,
  sums  int[] NOT NULL,
  PRIMARY KEY (run, seq)
);
