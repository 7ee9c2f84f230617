-- Campaigns: who is told what and when, how far that has come, and what it brought about.
CREATE TABLE campaigns_campaign (
    ws               int         NOT NULL,
    id               uuid        NOT NULL,
    name             text        NOT NULL,
    description      text        NOT NULL DEFAULT '',
    tags             text[]      NOT NULL DEFAULT '{}',
    body             jsonb       NOT NULL,                -- all that changes what is sent, to whom and when
    status           text        NOT NULL CHECK (status IN ('draft', 'in_review', 'approved', 'scheduled', 'running', 'paused',
                                                            'completed', 'cancelled', 'failed', 'archived')),
    approval         text        NOT NULL DEFAULT 'none' CHECK (approval IN ('none', 'given', 'independent')),
    comment          text        NOT NULL DEFAULT '',     -- why it was sent back, or failed
    segments         uuid[]      NOT NULL DEFAULT '{}',   -- that its audience names
    template         uuid,
    template_version bigint,                              -- settled when it was approved, else when it was scheduled or launched
    next_slot        timestamptz,                         -- when it goes out next; null: not any more, or not yet
    open_runs        int         NOT NULL DEFAULT 0,      -- that are not over yet
    sent_runs        int         NOT NULL DEFAULT 0,      -- that were ever begun
    started_at       timestamptz,
    finished_at      timestamptz,
    edited_by        uuid        NOT NULL,                -- who changed the body last
    created_by       uuid        NOT NULL,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_by       uuid        NOT NULL,
    updated_at       timestamptz NOT NULL DEFAULT now(),
    version          bigint      NOT NULL DEFAULT 1,
    PRIMARY KEY (ws, id)
);
CREATE UNIQUE INDEX campaigns_campaign_name ON campaigns_campaign (ws, lower(name));

-- Each time that a campaign goes out: the slot makes it happen once, on whichever node and however often it is tried.
CREATE TABLE campaigns_run (
    ws          int         NOT NULL,
    campaign    uuid        NOT NULL,
    slot        timestamptz NOT NULL,
    state       text        NOT NULL CHECK (state IN ('sending', 'completed', 'cancelled', 'failed', 'missed')),
    message     uuid,                                     -- null where there was none
    reason      text,                                     -- why there was none, or why it failed
    counts      jsonb,                                    -- as they were when it ended, for when the message is not kept any more
    at          timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    PRIMARY KEY (ws, campaign, slot),
    FOREIGN KEY (ws, campaign) REFERENCES campaigns_campaign (ws, id) ON DELETE CASCADE
);

-- What people did of what a campaign is for, after a message of it had reached them.
CREATE TABLE campaigns_conversion (
    ws         int         NOT NULL,
    campaign   uuid        NOT NULL,
    profile_no int         NOT NULL,
    event      text        NOT NULL,                      -- the event's messageId
    message    uuid        NOT NULL,                      -- the newest that had reached them
    at         timestamptz NOT NULL,
    value      float8,
    currency   text,
    PRIMARY KEY (ws, campaign, profile_no, event),
    FOREIGN KEY (ws, campaign) REFERENCES campaigns_campaign (ws, id) ON DELETE CASCADE
);
CREATE INDEX campaigns_conversion_person ON campaigns_conversion (ws, profile_no);

-- Which events are looked for after which campaigns. The number grows with each change, so that who derives events knows
-- whether what they remember is still so.
CREATE TABLE campaigns_goal (
    ws           int      NOT NULL,
    campaign     uuid     NOT NULL,
    event        text     NOT NULL,
    conditions   jsonb    NOT NULL,                       -- on the event's properties, as rules write them
    window_hours int      NOT NULL,
    until        timestamptz,                             -- null: as long as it goes out
    PRIMARY KEY (ws, campaign),
    FOREIGN KEY (ws, campaign) REFERENCES campaigns_campaign (ws, id) ON DELETE CASCADE
);
CREATE TABLE campaigns_goals_version (one bool PRIMARY KEY DEFAULT true CHECK (one), version bigint NOT NULL);
INSERT INTO campaigns_goals_version (version) VALUES (0);

ALTER TABLE cep_run DROP CONSTRAINT cep_run_kind_check;
ALTER TABLE cep_run ADD CONSTRAINT cep_run_kind_check
    CHECK (kind IN ('api', 'batch', 'test', 'resend', 'campaign')) NOT VALID;

-- More people than this are told nothing that somebody else has not approved; null: as many as there are.
ALTER TABLE users_workspace ADD COLUMN approval_limit int;

-- What campaigns may know of workspaces, keys and the ledger.
CREATE VIEW campaigns_workspace AS SELECT no AS ws, timezone, language, four_eyes, approval_limit FROM users_workspace;
CREATE VIEW campaigns_author AS SELECT ws, id, created_by AS maker FROM users_api_key;
CREATE VIEW campaigns_accepted AS
SELECT r.ws, r.id AS message, m.profile_no, m.accepted_at
FROM cep_run r JOIN cep_message m ON m.run = r.run AND m.step = 0
WHERE m.state = 2;

-- What segments and templates may know of campaigns: those that are not over yet need what they name.
CREATE VIEW segments_campaign AS
SELECT ws, id, name, status, segments FROM campaigns_campaign
WHERE status NOT IN ('completed', 'cancelled', 'failed', 'archived');
CREATE VIEW templates_campaign AS
SELECT ws, id, name, status, template FROM campaigns_campaign
WHERE template IS NOT NULL AND status NOT IN ('completed', 'cancelled', 'failed', 'archived');
