-- Not by workspace first where something else tells more: while the table is empty any index that begins with the workspace
-- costs as little, and the plan is kept. See app.fathi.webpush.PlanTest.
DROP INDEX CONCURRENTLY IF EXISTS webpush_subscription_endpoint;
CREATE UNIQUE INDEX CONCURRENTLY webpush_subscription_endpoint ON webpush_subscription (endpoint_hash, ws);
-- Who is bound to which key and was seen when, counted and listed without a look at the table.
DROP INDEX CONCURRENTLY IF EXISTS webpush_subscription_key;
CREATE INDEX CONCURRENTLY webpush_subscription_key ON webpush_subscription (key_id, id DESC) INCLUDE (last_seen_at) WHERE status = 'active';
-- What has ended: listed, and moved and listed with its person. It changes rarely.
DROP INDEX CONCURRENTLY IF EXISTS webpush_subscription_ended;
CREATE INDEX CONCURRENTLY webpush_subscription_ended ON webpush_subscription (ws, status, id DESC) WHERE status <> 'active';
DROP INDEX CONCURRENTLY IF EXISTS webpush_subscription_ended_person;
CREATE INDEX CONCURRENTLY webpush_subscription_ended_person ON webpush_subscription (profile_no, ws) WHERE status <> 'active';
