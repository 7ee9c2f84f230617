-- The partition is known where a record is written, so that draining needs no look at it. Rows of a node of the version
-- before go to the first partition.
ALTER TABLE outbox ADD COLUMN part smallint NOT NULL DEFAULT 0;
