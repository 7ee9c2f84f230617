-- What people did, for whoever looks at what messages bring about: by the period in which it came, and by who does what was done under a number.
CREATE VIEW cep_event AS
SELECT e.period, e.ws, i.profile_no, e.name, e.at FROM cdp_event e JOIN cdp_identity i ON i.no = e.identity_no WHERE e.kind = 'track';

CREATE VIEW cep_actor AS SELECT ws, profile_no, coalesce(merged_into, profile_no) AS actor FROM cdp_profile;
