-- How fast a run may begin deliveries, over all nodes: the instant up to which its allowance is spent. A row of its own,
-- because senders change it while they hold the run's row together.
CREATE TABLE cep_throttle (
  run         bigint PRIMARY KEY REFERENCES cep_run ON DELETE CASCADE,
  per_minute  int NOT NULL CHECK (per_minute > 0),
  spent_until timestamptz NOT NULL
) WITH (fillfactor = 50);
