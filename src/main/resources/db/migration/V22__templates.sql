-- Content with variables, in versions.
CREATE TABLE templates_template (
    ws             int         NOT NULL,
    id             uuid        NOT NULL,
    channel        text        NOT NULL CHECK (channel IN ('webpush')),
    status         text        NOT NULL CHECK (status IN ('draft', 'in_review', 'active', 'archived')), -- of the newest version
    active_version bigint,                                  -- what messages say; null: none was approved
    comment        text        NOT NULL DEFAULT '',         -- why it was sent back
    name           text        NOT NULL,
    description    text        NOT NULL DEFAULT '',
    category       text        NOT NULL DEFAULT '',
    tags           text[]      NOT NULL DEFAULT '{}',
    body           jsonb       NOT NULL,                    -- of the newest version: language, variants, variables, missing
    created_by     uuid        NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_by     uuid        NOT NULL,
    updated_at     timestamptz NOT NULL DEFAULT now(),
    version        bigint      NOT NULL DEFAULT 1,
    PRIMARY KEY (ws, id)
);
CREATE UNIQUE INDEX templates_template_name ON templates_template (ws, lower(name));

-- A template as each change left it. What messages said is kept as long as they are.
CREATE TABLE templates_version (
    ws          int         NOT NULL,
    template    uuid        NOT NULL,
    version     bigint      NOT NULL,
    name        text        NOT NULL,
    description text        NOT NULL,
    category    text        NOT NULL,
    tags        text[]      NOT NULL,
    body        jsonb       NOT NULL,
    snippets    jsonb       NOT NULL,                       -- what it includes, as it was then: name to text
    by          uuid        NOT NULL,
    maker       uuid,                                       -- where that was a key: who had made it
    at          timestamptz NOT NULL,
    approved_by uuid,
    approved_at timestamptz,                                -- null: it may not be sent
    PRIMARY KEY (ws, template, version),
    FOREIGN KEY (ws, template) REFERENCES templates_template (ws, id) ON DELETE CASCADE
);

-- Texts that templates have in common.
CREATE TABLE templates_snippet (
    ws          int         NOT NULL,
    id          uuid        NOT NULL,
    name        text        NOT NULL,
    description text        NOT NULL DEFAULT '',
    text        text        NOT NULL,
    created_by  uuid        NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_by  uuid        NOT NULL,
    updated_at  timestamptz NOT NULL DEFAULT now(),
    version     bigint      NOT NULL DEFAULT 1,
    PRIMARY KEY (ws, id)
);
CREATE UNIQUE INDEX templates_snippet_name ON templates_snippet (ws, name);
