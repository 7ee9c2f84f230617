-- Keys that came from elsewhere, and keys that are retired: of those the private half goes when nobody is bound any more.
ALTER TABLE webpush_key
    ADD COLUMN source text NOT NULL DEFAULT 'generated' CHECK (source IN ('generated', 'imported')),
    ADD COLUMN retired_at timestamptz,
    ALTER COLUMN private_key DROP NOT NULL,
    ADD CONSTRAINT webpush_key_current_lives CHECK (NOT current OR retired_at IS NULL),
    ADD CONSTRAINT webpush_key_living_opens CHECK (private_key IS NOT NULL OR retired_at IS NOT NULL);
CREATE UNIQUE INDEX webpush_key_public ON webpush_key (ws, public_key);
CREATE INDEX webpush_key_page ON webpush_key (ws, id DESC);
