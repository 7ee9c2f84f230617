-- Bodies that are too large for memory, on their way to the job that reads them. What people send may be secret, so each
-- part is sealed, which also makes it incompressible.
CREATE TABLE upload (
    id         uuid        PRIMARY KEY,
    ws         int         NOT NULL,
    octets     bigint, -- null until all of it is here
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX upload_age ON upload (created_at);
CREATE TABLE upload_part (
    upload  uuid  NOT NULL REFERENCES upload ON DELETE CASCADE,
    part    int   NOT NULL,
    content bytea NOT NULL, -- sealed
    PRIMARY KEY (upload, part)
);
ALTER TABLE upload_part ALTER COLUMN content SET STORAGE EXTERNAL;
