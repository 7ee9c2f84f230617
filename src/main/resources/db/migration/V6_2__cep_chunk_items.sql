-- What people of the chunk get of their own, by number: {"<profile_no>": {"content": {…}, "data": {…}}}; null where all get the same.
ALTER TABLE cep_chunk ADD COLUMN items jsonb;
