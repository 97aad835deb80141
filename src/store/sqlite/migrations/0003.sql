-- The latest instant that a process has known, and the last record about the clock. A table that gets a constraint is made anew.

CREATE TABLE head_with_clock (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    -- A random name, given when the file is made: tells this journal from any other of the same length.
    lineage     TEXT    NOT NULL CHECK (length(lineage) = 36),
    revision    INTEGER NOT NULL CHECK (revision >= 0),
    changed     INTEGER NOT NULL CHECK (changed BETWEEN 0 AND revision),
    hash        TEXT    NOT NULL CHECK (length(hash) = 64),
    at          INTEGER NOT NULL,
    -- The latest instant that a process has known, as far as it was kept.
    seen        INTEGER NOT NULL CHECK (seen >= at),
    -- The last record by which an operator accepted a replaced file, and its instant.
    accepted    INTEGER CHECK (accepted BETWEEN 1 AND revision),
    accepted_at INTEGER CHECK ((accepted IS NULL) = (accepted_at IS NULL)),
    -- The last record by which an operator said that the clock is right.
    clock       INTEGER CHECK (clock BETWEEN 1 AND revision)
) STRICT;

INSERT INTO head_with_clock (one, lineage, revision, changed, hash, at, accepted, accepted_at, seen)
SELECT one, lineage, revision, changed, hash, at, accepted, accepted_at, at FROM head;

DROP TABLE head;
ALTER TABLE head_with_clock RENAME TO head;
