-- Messages of a campaign that are not over: they are woken together.
DROP INDEX CONCURRENTLY IF EXISTS cep_run_series;
CREATE INDEX CONCURRENTLY cep_run_series ON cep_run (campaign) WHERE finished_at IS NULL AND campaign IS NOT NULL;
