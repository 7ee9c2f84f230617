-- Workspaces, staff accounts, their sessions, API keys and write keys; which account holds which role.

CREATE TABLE users_workspace (
    no                    int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id                    uuid NOT NULL UNIQUE,
    name                  text NOT NULL,
    timezone              text NOT NULL,
    language              text NOT NULL,
    identity_verification text NOT NULL DEFAULT 'addresses'
        CHECK (identity_verification IN ('off', 'addresses', 'all')),
    identity_key          bytea NOT NULL,     -- sealed: 32 octets with which the site's backend signs identity tokens
    origins               text[] NOT NULL DEFAULT '{}', -- browser keys work from these only; none = from anywhere
    version               bigint NOT NULL DEFAULT 1,
    created_at            timestamptz NOT NULL DEFAULT now(),
    updated_at            timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE users_account (
    id            uuid PRIMARY KEY,
    email         text NOT NULL,
    email_folded  text NOT NULL UNIQUE,       -- as it is compared: trimmed, lower case
    name          text NOT NULL,
    password_hash text NOT NULL,              -- PHC string of Argon2id
    disabled_at   timestamptz,
    created_at    timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE users_membership (
    account   uuid NOT NULL REFERENCES users_account ON DELETE CASCADE,
    ws        int NOT NULL REFERENCES users_workspace,
    joined_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account, ws)
);

CREATE TABLE roles_assignment (
    ws      int NOT NULL REFERENCES users_workspace,
    account uuid NOT NULL REFERENCES users_account ON DELETE CASCADE,
    role    text NOT NULL,
    PRIMARY KEY (ws, account, role)
);

-- A sign-in and everything that grew from it: the family of refresh tokens.
CREATE TABLE users_session (
    id         uuid PRIMARY KEY,
    ws         int NOT NULL REFERENCES users_workspace,
    account    uuid NOT NULL REFERENCES users_account ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    ended_at   timestamptz,
    end_reason text CHECK (end_reason IN ('logout', 'reuse'))
);
CREATE INDEX users_session_account ON users_session (account);
CREATE INDEX users_session_expiry ON users_session (expires_at);

CREATE TABLE users_refresh_token (
    hash      bytea PRIMARY KEY,              -- SHA-256 of the token; the token itself is with its owner only
    session   uuid NOT NULL REFERENCES users_session ON DELETE CASCADE,
    issued_at timestamptz NOT NULL DEFAULT now(),
    used_at   timestamptz
);
CREATE INDEX users_refresh_token_session ON users_refresh_token (session);

-- Back-off of the login door. The key is a keyed hash of an account's address or of a network address, known or not.
CREATE TABLE users_login_attempt (
    key           bytea PRIMARY KEY,
    failures      int NOT NULL,
    blocked_until timestamptz NOT NULL,
    last_at       timestamptz NOT NULL
);
CREATE INDEX users_login_attempt_age ON users_login_attempt (last_at);

-- The key pairs that sign access tokens. The newest signs; all that are not retired verify.
CREATE TABLE users_signing_key (
    kid        text PRIMARY KEY,
    sealed     bytea NOT NULL,                -- sealed: the private key as JWK (RFC 7517)
    created_at timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz
);

CREATE TABLE users_api_key (
    id           uuid PRIMARY KEY,
    ws           int NOT NULL REFERENCES users_workspace,
    name         text NOT NULL,
    prefix       text NOT NULL,
    secret_hash  bytea NOT NULL UNIQUE,       -- SHA-256: the secret has 160 random bits
    permissions  text[] NOT NULL,
    created_by   uuid NOT NULL,               -- a user or a key
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz,
    last_used_at timestamptz,                 -- to the minute
    version      bigint NOT NULL DEFAULT 1
);
CREATE INDEX users_api_key_newest ON users_api_key (ws, id DESC);

CREATE TABLE users_write_key (
    id         uuid PRIMARY KEY,
    ws         int NOT NULL REFERENCES users_workspace,
    kind       text NOT NULL CHECK (kind IN ('browser', 'server')),
    key_hash   bytea NOT NULL UNIQUE,
    shown      text CHECK ((shown IS NOT NULL) = (kind = 'browser')), -- a browser key is public, a server key is not kept
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);
CREATE INDEX users_write_key_workspace ON users_write_key (ws, kind);
