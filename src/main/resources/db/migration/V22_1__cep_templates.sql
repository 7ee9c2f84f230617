-- A message that says what a template says names the version. The filling is what it adds to it; without one the run's content
-- is all there is.
ALTER TABLE cep_run
    ADD COLUMN template         uuid,
    ADD COLUMN template_version bigint,
    ADD COLUMN template_filling jsonb;
CREATE INDEX cep_run_template ON cep_run (template, run) WHERE template IS NOT NULL;

-- What templates may know of messages.
CREATE VIEW templates_message AS
SELECT ws, template, template_version AS version, run, id, state, purpose, planned, created_at
FROM cep_run WHERE template IS NOT NULL;
