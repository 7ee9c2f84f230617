-- The origins of a workspace, each with what messages to its subscribers take from it where they say nothing themselves.
CREATE TABLE webpush_site (
    id          uuid        PRIMARY KEY,
    ws          int         NOT NULL,
    origin      text        NOT NULL, -- as browsers serialise it, and as webpush_subscription.site has it
    name        text        NOT NULL,
    description text        NOT NULL DEFAULT '',
    tags        text[]      NOT NULL DEFAULT '{}',
    icon        text,
    badge       text,
    url         text,
    binds_keys  boolean     NOT NULL DEFAULT false,
    created_by  uuid        NOT NULL, -- a user or a key
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_by  uuid        NOT NULL,
    updated_at  timestamptz NOT NULL DEFAULT now(),
    version     bigint      NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX webpush_site_origin ON webpush_site (ws, origin);
CREATE INDEX webpush_site_page ON webpush_site (ws, id DESC);

-- What `users` may know of sites: the origins to which a workspace's browser keys are bound; none: as they were before.
CREATE VIEW webpush_bound_origin AS SELECT ws, origin FROM webpush_site WHERE binds_keys;
