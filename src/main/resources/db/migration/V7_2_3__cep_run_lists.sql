DROP INDEX CONCURRENTLY IF EXISTS cep_run_page;
CREATE INDEX CONCURRENTLY cep_run_page ON cep_run (ws, created_at DESC, run DESC);
-- A message is sent again once; what fails again is sent again from there.
DROP INDEX CONCURRENTLY IF EXISTS cep_run_resend;
CREATE UNIQUE INDEX CONCURRENTLY cep_run_resend ON cep_run (resend_of) WHERE resend_of IS NOT NULL;
