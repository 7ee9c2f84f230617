-- When somebody let it go out last: scheduled, launched or resumed it. What was asked for before a restore waits; what is asked for
-- afterwards goes. Null: it was asked for before this column was there, and not after it was changed last.
ALTER TABLE campaigns_campaign ADD COLUMN asked_at timestamptz;
