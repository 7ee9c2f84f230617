-- What clients of this workspace send where there is no id, beside what all know; folded, without blanks around it.
ALTER TABLE users_workspace ADD COLUMN blocked_ids text[] NOT NULL DEFAULT '{}';
