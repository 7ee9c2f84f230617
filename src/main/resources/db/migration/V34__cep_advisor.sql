-- A workspace's own service that is asked who should be told what, and what it said.

CREATE TABLE cep_advisor (
    ws            int         PRIMARY KEY,
    version       int         NOT NULL,
    url           text,                             -- null: it was taken away
    purposes      text[],                           -- null: all but transactional
    secret        bytea,                            -- sealed; signs each question
    secret_before bytea,                            -- sealed; signs besides, until then
    before_until  timestamptz,
    updated_by    uuid,
    updated_at    timestamptz NOT NULL DEFAULT now()
);

-- How it does, as each node that asks it has seen: written again and again, read by people.
CREATE TABLE cep_advisor_node (
    ws      int         NOT NULL,
    node    uuid        NOT NULL,
    health  jsonb       NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (ws, node)
);

-- What it said of the person, or why it was not followed, as app.fathi.cep.advisor.Advice keeps it; null where it was not asked.
ALTER TABLE cep_message ADD COLUMN advice bytea;

INSERT INTO cep_reason (code, name, state) VALUES (42, 'service_declined', 'skipped');
