-- With whose addresses an id's are, so that what was said under it is known to be the person's own or only claimed to be.
CREATE OR REPLACE VIEW cdp_said AS
SELECT i.ws, i.no, i.profile_no, coalesce(w.traits, '{}') || i.traits AS traits, i.tags, i.groups, i.consents, i.address_no
FROM cdp_identity i LEFT JOIN cdp_words w ON w.identity_no = i.no;
