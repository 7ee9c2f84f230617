-- What must not be sent now. A row stands until somebody takes it back: no switch lifts itself.
CREATE TABLE cep_kill_switch (
  ws                    int NOT NULL,              -- 0: the whole installation
  scope                 text NOT NULL CHECK (scope IN ('all', 'workspace', 'channel', 'origin')),
  target                text NOT NULL DEFAULT '',  -- the channel's name or the push service's origin
  except_transactional  boolean NOT NULL,
  reason                text NOT NULL,
  engaged_by            text NOT NULL,             -- for people; the audit trail knows exactly
  engaged_at            timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (ws, scope, target),
  CHECK ((scope = 'all') = (ws = 0)),
  CHECK ((scope IN ('channel', 'origin')) = (target <> ''))
);
