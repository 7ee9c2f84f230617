DROP INDEX CONCURRENTLY IF EXISTS cep_run_open;
CREATE INDEX CONCURRENTLY cep_run_open ON cep_run (ws, send_at) WHERE finished_at IS NULL;
