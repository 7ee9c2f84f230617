-- Whether passwords let in, and the identity key that the site's backend signed with before: it goes on proving who visitors
-- are until it ends, so that a site changes keys without a gap.
ALTER TABLE users_workspace
    ADD COLUMN password_sign_in          boolean NOT NULL DEFAULT true,
    ADD COLUMN identity_key_before       bytea,       -- sealed, like identity_key; null: there is none
    ADD COLUMN identity_key_before_until timestamptz;
