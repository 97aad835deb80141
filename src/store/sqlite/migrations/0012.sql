-- Records that are no longer the newest are kept together whatever they say, and not only uses: `gather.rs` says which. They leave
-- `journal` then. What is over is kept in less room: `press.rs` says how.

-- Up to which record that was done.
ALTER TABLE head ADD COLUMN packed INTEGER NOT NULL DEFAULT 0 CHECK (packed >= 0);

-- How many of the records change state.
ALTER TABLE packs ADD COLUMN changes INTEGER NOT NULL DEFAULT 0 CHECK (changes >= 0);

-- Whoever follows changes reads no packs of uses.
CREATE INDEX packs_with_changes ON packs (first, changes) WHERE changes > 0;

-- A record may leave its row when another row has it.
DROP TRIGGER journal_is_not_shortened;
CREATE TRIGGER journal_is_not_shortened BEFORE DELETE ON journal
WHEN OLD.revision > (SELECT coalesce(max(removed), 0) FROM head)
    AND OLD.revision > coalesce((SELECT last FROM packs WHERE first <= OLD.revision ORDER BY first DESC LIMIT 1), 0)
BEGIN SELECT RAISE(ABORT, 'the journal is only appended to'); END;
DROP TRIGGER packs_are_not_removed;
CREATE TRIGGER packs_are_not_removed BEFORE DELETE ON packs
WHEN OLD.last > (SELECT coalesce(max(removed), 0) FROM head)
    AND OLD.last > coalesce((SELECT last FROM packs WHERE first < OLD.first ORDER BY first DESC LIMIT 1), 0)
BEGIN SELECT RAISE(ABORT, 'the journal is only appended to'); END;

-- Instead of `stored`, which is empty then.
ALTER TABLE requests ADD COLUMN pressed BLOB CHECK (pressed IS NULL OR stored = '');
ALTER TABLE grants ADD COLUMN pressed BLOB CHECK (pressed IS NULL OR stored = '');
