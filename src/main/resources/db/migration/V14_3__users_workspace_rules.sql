-- What a workspace lays down for all that is sent and taken in it.
ALTER TABLE users_workspace
    ADD COLUMN purposes jsonb NOT NULL DEFAULT
        '[{"name": "marketing", "description": "News and offers."},
          {"name": "transactional", "description": "What somebody waits for: orders, appointments, security."}]',
    ADD COLUMN link_hosts           text[] NOT NULL DEFAULT '{}', -- where links of messages may lead; none: anywhere
    ADD COLUMN server_only_events   text[] NOT NULL DEFAULT '{}', -- refused from browser keys
    ADD COLUMN deliveries_per_day   bigint CHECK (deliveries_per_day >= 0),   -- null: as many as there are
    ADD COLUMN deliveries_per_month bigint CHECK (deliveries_per_month >= 0),
    ADD COLUMN mail_sender          text;                         -- null: as the installation calls itself (smtp.from)

-- What `cep` may know of workspaces: how much they may send, by whose days.
CREATE VIEW users_quota AS
SELECT no AS ws, deliveries_per_day AS per_day, deliveries_per_month AS per_month, timezone
FROM users_workspace WHERE deliveries_per_day IS NOT NULL OR deliveries_per_month IS NOT NULL;
