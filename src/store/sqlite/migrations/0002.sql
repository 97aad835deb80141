-- Notices, and their deliveries, each a row of its own. What waited in the outbox before was in another form, and is told by
-- the journal.

DROP TABLE outbox;

-- AUTOINCREMENT, because the number of one that was removed must not name another one afterwards.
CREATE TABLE notices (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    kind       TEXT    NOT NULL,
    body       TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    due_at     INTEGER NOT NULL,
    -- What it gathers until it is given out, and how far it is from the next one.
    gathers    TEXT,
    apart      INTEGER CHECK ((gathers IS NULL) = (apart IS NULL)),
    -- What it gathers comes after the one record and ends with the other, which is known once it is given out.
    after      INTEGER NOT NULL DEFAULT 0,
    until      INTEGER,
    attempt    INTEGER NOT NULL DEFAULT 0,
    -- When it is given out next; NULL once it is planned.
    next_at    INTEGER
) STRICT;

CREATE INDEX notices_next ON notices (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX notices_gathering ON notices (gathers, id) WHERE gathers IS NOT NULL;
CREATE INDEX notices_by_age ON notices (due_at);

CREATE TABLE deliveries (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    id          BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    notice      INTEGER NOT NULL REFERENCES notices (id) ON DELETE CASCADE,
    kind        TEXT    NOT NULL,
    channel     TEXT    NOT NULL,
    -- The person and their address; empty for the channel's own target.
    person_kind TEXT    NOT NULL,
    person      TEXT    NOT NULL,
    address     TEXT    NOT NULL,
    zone        TEXT,
    digest      INTEGER NOT NULL CHECK (digest IN (0, 1)),
    thread      TEXT,
    state       TEXT    NOT NULL CHECK (state IN ('waiting', 'sent', 'failed', 'dropped')),
    attempts    INTEGER NOT NULL DEFAULT 0,
    made_at     INTEGER NOT NULL,
    next_at     INTEGER CHECK ((state = 'waiting') = (next_at IS NOT NULL)),
    settled_at  INTEGER CHECK ((state = 'waiting') = (settled_at IS NULL)),
    last_error  TEXT,
    reference   TEXT
) STRICT;

CREATE INDEX deliveries_next ON deliveries (channel, next_at) WHERE next_at IS NOT NULL;
CREATE INDEX deliveries_by_state ON deliveries (state, number);
CREATE INDEX deliveries_by_channel ON deliveries (channel, state, number);
CREATE INDEX deliveries_of_notice ON deliveries (notice);
CREATE INDEX deliveries_settled ON deliveries (channel, settled_at) WHERE state = 'sent';
CREATE INDEX deliveries_threads ON deliveries (thread, channel, person, address, number) WHERE reference IS NOT NULL;
