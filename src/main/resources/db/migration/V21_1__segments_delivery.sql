-- What rules of segments read of the ledger: a row for each device that a message was, or may have been, sent to.
CREATE VIEW segments_delivery AS
SELECT m.ws, m.profile_no, m.run, m.step, r.id AS message, r.purpose,
       CASE m.channel WHEN 1 THEN 'webpush' ELSE m.channel::text END AS channel,
       m.accepted_at AS sent_at, m.shown_at, m.clicked_at, m.closed_at
FROM cep_message m JOIN cep_run r ON r.run = m.run;

-- A person's messages are found by an index on each week of the ledger. What it holds never changes, so updates of a row stay
-- in place. Here only weeks get it of which that takes no time: the job cep.keepLedger sees to large ones, and to those to come.
DO $$
DECLARE
  week regclass;
BEGIN
  FOR week IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'cep_message'::regclass LOOP
    IF pg_relation_size(week) < 33554432 THEN
      EXECUTE format('CREATE INDEX %I ON %s (ws, profile_no)', week || '_person', week);
    END IF;
  END LOOP;
END $$;
