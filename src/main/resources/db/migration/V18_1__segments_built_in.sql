-- Segments that every workspace has, made when it first asks which there are: rows like others, so that rules, messages and
-- lists need not know of them, with ids like all others'.
ALTER TABLE segments_segment ADD COLUMN built_in text CHECK (built_in IN ('all', 'subscribed'));
CREATE UNIQUE INDEX segments_segment_built_in ON segments_segment (ws, built_in) WHERE built_in IS NOT NULL;
