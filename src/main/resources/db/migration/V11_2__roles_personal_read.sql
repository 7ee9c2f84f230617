-- Personal fields are hidden from who lacks personal:read. Keys that were made before there was this permission see what they saw.

UPDATE users_api_key SET permissions = array_append(permissions, 'personal:read')
WHERE permissions && ARRAY['profiles:read', 'subscriptions:read', 'audit:read', 'messages:send']
  AND NOT 'personal:read' = ANY(permissions);
