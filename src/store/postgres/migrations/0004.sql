-- Refused checks are counted for each call of its own, so that it can be told which of them another grant would have let pass.
-- `["action", "resource", "parent"]` of a check; empty for anything else.

ALTER TABLE refusals ADD COLUMN call text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE refusals DROP CONSTRAINT refusals_kind_name_acts_for_attempt_code_hour_key;
ALTER TABLE refusals ADD UNIQUE (kind, name, acts_for, attempt, code, hour, call);
