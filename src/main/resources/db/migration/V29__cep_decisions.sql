-- Messages give way to more important ones: whom of a sub-batch an open message is for is found by the bounds of its chunks, without reading the
-- people of the others.
ALTER TABLE cep_chunk
    ADD COLUMN first_no int,                        -- the least and the greatest of profile_nos; null: written before there were priorities
    ADD COLUMN last_no  int;

-- How well its channel suits the person, as app.fathi.cep.Score keeps it; null where policies do not weigh channels.
ALTER TABLE cep_message ADD COLUMN score bytea;
