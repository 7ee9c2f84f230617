-- One campaign can be stopped by itself.
ALTER TABLE cep_kill_switch
    DROP CONSTRAINT cep_kill_switch_scope_check,
    DROP CONSTRAINT cep_kill_switch_check1,
    ADD CONSTRAINT cep_kill_switch_scope_check CHECK (scope IN ('all', 'workspace', 'channel', 'origin', 'campaign')),
    ADD CONSTRAINT cep_kill_switch_target_check CHECK ((scope IN ('channel', 'origin', 'campaign')) = (target <> ''));

-- What the emergency stop reads of campaigns: whether there is one.
CREATE VIEW cep_campaign AS SELECT ws, id FROM campaigns_campaign;
