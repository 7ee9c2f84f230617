-- Roles that workspaces make themselves, beside those that are built in.

CREATE TABLE roles_role (
    id          uuid PRIMARY KEY,
    ws          int NOT NULL REFERENCES users_workspace,
    name        text COLLATE "C" NOT NULL,    -- what roles_assignment and other roles' parents call it; never a built-in one's
    description text NOT NULL,
    tags        text[] NOT NULL,
    permissions text[] NOT NULL,              -- its own, beside what it has of its parents
    parents     text[] NOT NULL,              -- names of built-in roles or of ours; never in a circle
    created_by  uuid NOT NULL,                -- a user or a key
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_by  uuid NOT NULL,
    updated_at  timestamptz NOT NULL DEFAULT now(),
    version     bigint NOT NULL DEFAULT 1,
    UNIQUE (ws, name)
);
CREATE INDEX roles_assignment_role ON roles_assignment (ws, role);
