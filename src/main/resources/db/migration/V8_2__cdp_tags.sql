-- Names that a person has or has not. As with traits, what was said stands with the id it was said of, and who is meant is
-- the profile that the id leads to.
ALTER TABLE cdp_identity ADD COLUMN tags jsonb NOT NULL DEFAULT '{}'; -- name → [whether, microseconds, messageId]
ALTER TABLE cdp_profile ADD COLUMN tags text[] NOT NULL DEFAULT '{}'; -- those in force
