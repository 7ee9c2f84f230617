-- Whose addresses became whose lately: nobody gets a message as who they are now that they got as who they were.
CREATE TABLE cep_united (
    ws     int         NOT NULL,
    person int         NOT NULL,                    -- the profile that has the addresses now
    part   int         NOT NULL,                    -- the profile that they were of
    at     timestamptz NOT NULL,
    PRIMARY KEY (ws, person, part)
);

-- Where an id came from, and whose the addresses are that are subscribed under it.
CREATE VIEW cep_identity AS SELECT ws, profile_no, own_no, address_no FROM cdp_identity;

-- Who somebody was before: ids that were made with another profile, and profiles that have gone into theirs.
CREATE VIEW campaigns_past AS
SELECT ws, profile_no, own_no AS past FROM cdp_identity WHERE own_no <> profile_no
UNION ALL
SELECT ws, merged_into, profile_no FROM cdp_profile WHERE merged_into IS NOT NULL;
-- Of which profiles nothing is left.
CREATE VIEW campaigns_identity AS SELECT ws, profile_no FROM cdp_identity;
