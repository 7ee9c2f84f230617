-- Whether what is sent needs somebody who did not write it.
ALTER TABLE users_workspace ADD COLUMN four_eyes boolean NOT NULL DEFAULT false;

-- What templates may know of workspaces, and whose a key is.
CREATE VIEW templates_workspace AS SELECT no AS ws, language, four_eyes FROM users_workspace;
CREATE VIEW templates_author AS SELECT ws, id, created_by AS maker FROM users_api_key;
