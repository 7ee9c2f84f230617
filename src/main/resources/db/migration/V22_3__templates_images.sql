-- Pictures for notifications. What was uploaded is not kept, only what was made of it.
CREATE TABLE templates_image (
    ws         int         NOT NULL,
    id         uuid        NOT NULL,
    token      text        NOT NULL UNIQUE,                 -- 128 random bits: who knows it may see the files
    name       text        NOT NULL,
    width      int         NOT NULL,                        -- of what was uploaded
    height     int         NOT NULL,
    created_by uuid        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (ws, id)
);
CREATE TABLE templates_image_file (
    token   text  NOT NULL REFERENCES templates_image (token) ON DELETE CASCADE,
    file    text  NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (token, file)
);
