-- What rules read of what people did: pages and screens as well. segments_event stays for nodes of the version before, which take
-- all that it shows for track events.
CREATE VIEW segments_call AS
SELECT e.ws, i.profile_no, e.kind, e.name, e.at, e.payload -> 'properties' AS properties
FROM cdp_event e JOIN cdp_identity i ON i.no = e.identity_no AND i.ws = e.ws
WHERE e.kind IN ('track', 'page', 'screen');
