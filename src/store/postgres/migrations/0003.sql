-- Attempts that were refused, those of one principal for one reason within an hour as one row. They are no part of the journal,
-- and are kept for a while.

CREATE TABLE refusals (
    number   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind     text COLLATE "C" NOT NULL,
    name     text COLLATE "C" NOT NULL,
    acts_for text COLLATE "C" NOT NULL,
    attempt  text COLLATE "C" NOT NULL,
    code     text COLLATE "C" NOT NULL,
    hour     bigint NOT NULL,
    about    text NOT NULL,
    message  text NOT NULL,
    count    bigint NOT NULL CHECK (count > 0),
    first_at bigint NOT NULL,
    last_at  bigint NOT NULL,
    UNIQUE (kind, name, acts_for, attempt, code, hour)
);

CREATE INDEX refusals_by_hour ON refusals (hour);
