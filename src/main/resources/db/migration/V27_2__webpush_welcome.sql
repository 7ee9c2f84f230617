-- What new subscribers of a site are told: the contract's Welcome; null for nothing.
ALTER TABLE webpush_site ADD COLUMN welcome jsonb;

-- When it was asked for: once, however often somebody tries.
ALTER TABLE webpush_subscription ADD COLUMN welcomed_at timestamptz;
