-- Attempts that were refused, those of one principal for one reason within an hour as one row. They are no part of the journal,
-- and are kept for a while.

CREATE TABLE refusals (
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
    UNIQUE (kind, name, acts_for, attempt, code, hour)
) STRICT;

CREATE INDEX refusals_by_hour ON refusals (hour);
CREATE INDEX refusals_by_person ON refusals (acts_for, number) WHERE acts_for <> '';
