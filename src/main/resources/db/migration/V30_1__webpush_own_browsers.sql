-- Browsers that staff have linked to themselves, each their own: tests can be sent to them. Who leaves the workspace has none in it.
CREATE TABLE webpush_own_browser (
    ws           int         NOT NULL,
    account      uuid        NOT NULL,
    subscription uuid        NOT NULL REFERENCES webpush_subscription ON DELETE CASCADE,
    linked_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (ws, account, subscription),
    FOREIGN KEY (account, ws) REFERENCES users_membership ON DELETE CASCADE
);
CREATE INDEX webpush_own_browser_subscription ON webpush_own_browser (subscription);
CREATE INDEX webpush_own_browser_account ON webpush_own_browser (account, ws);

-- Who works here.
CREATE VIEW webpush_member AS
SELECT ws, account FROM users_membership m WHERE disabled_at IS NULL AND NOT invited;
