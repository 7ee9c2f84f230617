-- Another master key without a moment in which the database opens with none: from the beginning of a change to its end the present
-- key and the next one both open it. What is sealed with the master key itself: see app.fathi.platform.security.MasterRotation.
ALTER TABLE secret_master
    ADD COLUMN root        bytea,             -- sealed: the keys of single uses come from it; null: from the first master key itself
    ADD COLUMN next_known  bytea,             -- the known text under the next key; null: no change is under way
    ADD COLUMN next_before bytea,             -- the present key, sealed with the next one
    ADD COLUMN next_at     timestamptz,
    ADD CONSTRAINT secret_master_next CHECK ((next_known IS NULL) = (next_before IS NULL));

-- Which key a node was started with, as a name that tells nothing of it; null: a node of the version before.
ALTER TABLE node ADD COLUMN master text;
