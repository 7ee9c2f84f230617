-- Identity providers of others: people sign in through them, and machines show what they have signed.

CREATE TABLE users_identity_provider (
    id              uuid PRIMARY KEY,
    ws              int NOT NULL REFERENCES users_workspace,
    kind            text NOT NULL CHECK (kind IN ('people', 'machines')),
    name            text NOT NULL,
    description     text NOT NULL,
    tags            text[] NOT NULL,
    enabled         boolean NOT NULL,
    issuer          text NOT NULL,            -- what its tokens have for iss, to the letter
    jwks_url        text,                     -- of machines: null where discovery (the issuer's own) says it
    audiences       text[] NOT NULL,          -- of machines; each is in users_provider_audience
    client_id       text,                     -- of people, and so is all that follows
    client_secret   bytea,                    -- sealed; null for a public client
    scopes          text[] NOT NULL,
    second_factor   text[] NOT NULL,          -- values of amr or acr that prove one
    create_accounts boolean NOT NULL,
    link_by_email   boolean NOT NULL,
    email_domains   text[] NOT NULL,          -- lower case; none: any
    required_claims jsonb NOT NULL,           -- [{claim, value}], all of which a token must have
    created_by      uuid NOT NULL,            -- a user or a key
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_by      uuid NOT NULL,
    updated_at      timestamptz NOT NULL DEFAULT now(),
    version         bigint NOT NULL DEFAULT 1,
    CHECK ((kind = 'people') = (client_id IS NOT NULL))
);
CREATE INDEX users_identity_provider_newest ON users_identity_provider (ws, id DESC);

-- Of a token its issuer and audience say whose it is. There is one answer, in all workspaces together.
CREATE TABLE users_provider_audience (
    issuer   text NOT NULL,
    audience text NOT NULL,
    provider uuid NOT NULL REFERENCES users_identity_provider ON DELETE CASCADE,
    PRIMARY KEY (issuer, audience)
);
CREATE INDEX users_provider_audience_provider ON users_provider_audience (provider);

-- Which roles a provider's claims give.
CREATE TABLE roles_mapping (
    provider uuid NOT NULL REFERENCES users_identity_provider ON DELETE CASCADE,
    no       int NOT NULL,                    -- in the order in which they were written down
    ws       int NOT NULL,
    claim    text,                            -- null: to everybody whom the provider lets in
    value    text,
    role     text NOT NULL,                   -- as in roles_assignment
    PRIMARY KEY (provider, no),
    CHECK ((claim IS NULL) = (value IS NULL))
);
CREATE INDEX roles_mapping_role ON roles_mapping (ws, role);

-- Who somebody at a provider is here. It goes when they leave the workspace.
CREATE TABLE users_external_identity (
    provider   uuid NOT NULL REFERENCES users_identity_provider ON DELETE CASCADE,
    issuer     text NOT NULL,                 -- a provider whose issuer changes is another one
    subject    text NOT NULL,
    ws         int NOT NULL,
    account    uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (provider, issuer, subject),
    FOREIGN KEY (account, ws) REFERENCES users_membership ON DELETE CASCADE
);
CREATE INDEX users_external_identity_account ON users_external_identity (account, ws);

-- A sign-in that is under way: first what the browser shows when it comes back, then the code that it is exchanged for.
CREATE TABLE users_sign_in (
    hash          bytea PRIMARY KEY,          -- SHA-256
    provider      uuid NOT NULL REFERENCES users_identity_provider ON DELETE CASCADE,
    account       uuid REFERENCES users_account ON DELETE CASCADE, -- null until the provider has said who it is
    second_factor boolean NOT NULL DEFAULT false, -- the provider has seen one
    signed_in_at  timestamptz,                -- when they last showed the provider who they are
    expires_at    timestamptz NOT NULL
);
CREATE INDEX users_sign_in_expiry ON users_sign_in (expires_at);
CREATE INDEX users_sign_in_provider ON users_sign_in (provider);
CREATE INDEX users_sign_in_account ON users_sign_in (account);

ALTER TABLE users_session
    ADD COLUMN provider      uuid,            -- who vouched for them; null for a password. Such a session stays in its workspace
    ADD COLUMN second_factor boolean NOT NULL DEFAULT false; -- the provider has seen one
