-- How far each chain of the audit trail was last found to be as it was written, signed like the chain's own end: who changes the
-- database cannot move it.
CREATE TABLE audit_check (
    ws        int PRIMARY KEY,
    seq       bigint      NOT NULL,             -- up to this place; the next check goes on from there
    hash      bytea       NOT NULL,             -- of that place
    event     bigint      NOT NULL,             -- all lines up to this id were in the chain
    at        timestamptz NOT NULL,             -- the last check
    whole_at  timestamptz NOT NULL,             -- the last that began with the chain's first line
    lines     bigint      NOT NULL,             -- how many the last check looked at
    faults    int         NOT NULL,             -- how many the last check found; the places above stay where they were
    fault     text,                             -- the first of them, in words
    signature bytea       NOT NULL
);
