-- Where a message came from, and which one it sends again. What is there stays as it is, so nothing has to be looked through.
ALTER TABLE cep_run ADD COLUMN resend_of uuid;
ALTER TABLE cep_run DROP CONSTRAINT cep_run_kind_check;
ALTER TABLE cep_run ADD CONSTRAINT cep_run_kind_check CHECK (kind IN ('api', 'batch', 'test', 'resend')) NOT VALID;
