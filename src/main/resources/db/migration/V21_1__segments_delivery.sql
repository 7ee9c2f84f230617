-- What rules of segments read of the ledger: a row for each device that a message was, or may have been, sent to. Where a rule
-- asks, the ledger's weeks get an index that finds a person's messages: cep's MessageIndexStore.
CREATE VIEW segments_delivery AS
SELECT m.ws, m.profile_no, m.run, m.step, r.id AS message, r.purpose,
       CASE m.channel WHEN 1 THEN 'webpush' ELSE m.channel::text END AS channel,
       m.accepted_at AS sent_at, m.shown_at, m.clicked_at, m.closed_at
FROM cep_message m JOIN cep_run r ON r.run = m.run;
