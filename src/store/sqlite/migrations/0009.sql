-- 9
-- Uses that follow each other are kept together in a row, each still a record of its own with its hash: `pack.rs` says how. The
-- last row grows until it is full. What was written before stays in `journal`.

CREATE TABLE packs (
    -- The first and the last record, and their instants.
    first INTEGER PRIMARY KEY CHECK (first > 0),
    last  INTEGER NOT NULL CHECK (last >= first),
    began INTEGER NOT NULL,
    ended INTEGER NOT NULL CHECK (ended >= began),
    uses  BLOB    NOT NULL
) STRICT;

CREATE INDEX packs_by_begin ON packs (began, first);
CREATE INDEX packs_by_end ON packs (ended, first);

CREATE TRIGGER packs_only_grow BEFORE UPDATE ON packs
WHEN NEW.first <> OLD.first OR NEW.began <> OLD.began OR NEW.last <= OLD.last
BEGIN SELECT RAISE(ABORT, 'the journal is only appended to'); END;
CREATE TRIGGER packs_are_not_removed BEFORE DELETE ON packs
BEGIN SELECT RAISE(ABORT, 'the journal is only appended to'); END;
