-- Refused checks are counted for each call of its own, so that it can be told which of them another grant would have let pass.
-- A constraint of a table cannot be changed: the rows move to a new one.

CREATE TABLE refusals_by_call (
    number   INTEGER PRIMARY KEY AUTOINCREMENT,
    kind     TEXT NOT NULL,
    name     TEXT NOT NULL,
    acts_for TEXT NOT NULL,
    attempt  TEXT NOT NULL,
    code     TEXT NOT NULL,
    hour     INTEGER NOT NULL,
    about    TEXT NOT NULL,
    message  TEXT NOT NULL,
    count    INTEGER NOT NULL CHECK (count > 0),
    first_at INTEGER NOT NULL,
    last_at  INTEGER NOT NULL,
    -- `["action", "resource", "parent"]` of a check; empty for anything else.
    call     TEXT NOT NULL DEFAULT '',
    UNIQUE (kind, name, acts_for, attempt, code, hour, call)
) STRICT;

INSERT INTO refusals_by_call (number, kind, name, acts_for, attempt, code, hour, about, message, count, first_at, last_at)
    SELECT number, kind, name, acts_for, attempt, code, hour, about, message, count, first_at, last_at FROM refusals;

DROP TABLE refusals;
ALTER TABLE refusals_by_call RENAME TO refusals;

CREATE INDEX refusals_by_hour ON refusals (hour);
CREATE INDEX refusals_by_person ON refusals (acts_for, number) WHERE acts_for <> '';
