-- What every domain stands on: repeated requests, secrets at rest, revocation, the audit trail.
-- ws is the workspace's small number everywhere; 0 is the installation itself.

-- Answers of requests that carried an Idempotency-Key, stored in the transaction of their effect.
CREATE TABLE idempotency (
    scope      bytea PRIMARY KEY,             -- SHA-256 of workspace, credential, operation and key
    ws         int NOT NULL,
    body_hash  bytea NOT NULL,                -- SHA-256 of the request's body
    status     int NOT NULL,
    headers    jsonb NOT NULL,
    body       bytea,                         -- the answer's octets, ciphertext when sealed
    sealed     boolean NOT NULL DEFAULT false,-- answers that show a secret are kept sealed
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idempotency_age ON idempotency (created_at);

-- A known text sealed with the master key: a node with another key must not start.
CREATE TABLE secret_master (
    one        boolean PRIMARY KEY DEFAULT true CHECK (one),
    known      bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- The data keys of each workspace, wrapped by the master key. Sealed values name their key by its version.
CREATE TABLE secret_data_key (
    ws         int NOT NULL,
    version    int NOT NULL CHECK (version BETWEEN 1 AND 65535),
    wrapped    bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (ws, version)
);

-- Bumped in the transaction of every revocation, role, key or policy change; nodes drop what they know of the
-- workspace when they see another number.
CREATE TABLE security_epoch (
    ws    int PRIMARY KEY,
    epoch bigint NOT NULL
) WITH (fillfactor = 50);

-- Who did what, written in the transaction of the change. What may be personal lies in audit_detail, which erasure
-- and retention may blank; digest = SHA-256(salt || detail) stays, so that a chain over this table still verifies.
CREATE TABLE audit_event (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ws          int NOT NULL,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    xact        xid8 NOT NULL DEFAULT pg_current_xact_id(), -- lets a chainer see which rows can no longer appear
    operation   text NOT NULL,                -- the contract's x-audit; the operationId where that is none
    result      text NOT NULL CHECK (result IN ('success', 'denied', 'failed')),
    actor_kind  text NOT NULL,
    actor_id    uuid,
    actor_name  text NOT NULL,                -- never an e-mail address
    object_kind text,
    object_id   text,
    request_id  text NOT NULL,
    digest      bytea NOT NULL
);
CREATE INDEX audit_event_newest ON audit_event (ws, id DESC);
CREATE INDEX audit_event_operation ON audit_event (ws, operation, id DESC);
CREATE INDEX audit_event_result ON audit_event (ws, result, id DESC) WHERE result <> 'success';
CREATE INDEX audit_event_time ON audit_event (ws, at);

CREATE TABLE audit_detail (
    event  bigint PRIMARY KEY REFERENCES audit_event,
    salt   bytea NOT NULL,
    detail text NOT NULL                      -- JSON exactly as it was digested: remoteAddress, before, after
);
