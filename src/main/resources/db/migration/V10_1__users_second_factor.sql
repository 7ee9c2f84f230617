-- A second factor of the account, in all its workspaces: codes by time (RFC 6238), and some for whoever lost the device.
CREATE TABLE users_totp (
    account      uuid PRIMARY KEY REFERENCES users_account ON DELETE CASCADE,
    sealed       bytea NOT NULL,              -- sealed under the installation's key: what the authenticator has, too
    confirmed_at timestamptz,                 -- null until a first code was shown; nobody is asked for one before
    last_step    bigint NOT NULL DEFAULT 0,   -- the half minute of the last code that was taken: none works twice
    created_at   timestamptz NOT NULL DEFAULT now()
);

-- Each works once, and is gone then.
CREATE TABLE users_recovery_code (
    account uuid NOT NULL REFERENCES users_account ON DELETE CASCADE,
    hash    bytea NOT NULL,                   -- SHA-256: there are 80 random bits in it
    PRIMARY KEY (account, hash)
);

ALTER TABLE users_workspace ADD COLUMN two_factor_required boolean NOT NULL DEFAULT false;
