-- How a site asks whether it may notify, before the browser asks.
CREATE TABLE webpush_prompt (
    id            uuid        PRIMARY KEY,
    ws            int         NOT NULL,
    name          text        NOT NULL,
    description   text        NOT NULL DEFAULT '',
    tags          text[]      NOT NULL DEFAULT '{}',
    kind          text        NOT NULL CHECK (kind IN ('banner', 'bell', 'button')),
    site          uuid        REFERENCES webpush_site (id), -- null: on all
    active        boolean     NOT NULL,
    texts         jsonb       NOT NULL, -- one object for each language; the first is for everybody else
    pages         text[]      NOT NULL,
    except_pages  text[]      NOT NULL,
    delay_seconds int         NOT NULL,
    page_views    int         NOT NULL,
    pause_days    int[]       NOT NULL, -- after the first refusal, the second, …; the last holds for all further ones
    position      text        NOT NULL CHECK (position IN ('top', 'bottom', 'bottom-start', 'bottom-end')),
    element       text,
    created_by    uuid        NOT NULL, -- a user or a key
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_by    uuid        NOT NULL,
    updated_at    timestamptz NOT NULL DEFAULT now(),
    version       bigint      NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX webpush_prompt_name ON webpush_prompt (ws, name);
CREATE INDEX webpush_prompt_page ON webpush_prompt (ws, id DESC);
CREATE INDEX webpush_prompt_site ON webpush_prompt (site);

-- What came of it. Apart from the prompt, so that who edits it waits for nobody who counts.
CREATE TABLE webpush_prompt_count (
    prompt          uuid   PRIMARY KEY REFERENCES webpush_prompt ON DELETE CASCADE,
    shown           bigint NOT NULL DEFAULT 0,
    accepted        bigint NOT NULL DEFAULT 0,
    refused         bigint NOT NULL DEFAULT 0,
    shown_people    bigint NOT NULL DEFAULT 0,
    accepted_people bigint NOT NULL DEFAULT 0,
    refused_people  bigint NOT NULL DEFAULT 0
);

-- What came of it with whom: who counts once, and who has refused. A prompt that is gone leaves its rows to the keeper.
CREATE TABLE webpush_prompt_person (
    prompt     uuid        NOT NULL,
    profile_no int         NOT NULL,
    ws         int         NOT NULL,
    shown      int         NOT NULL,
    accepted   int         NOT NULL,
    refused    int         NOT NULL,
    refused_at timestamptz,
    last_at    timestamptz NOT NULL,
    PRIMARY KEY (prompt, profile_no)
) WITH (fillfactor = 80);
CREATE INDEX webpush_prompt_person_refused ON webpush_prompt_person (profile_no, ws) WHERE refused > 0;
