-- Signed checkpoints: the last record that each covers, its hash, and the root of the tree over the texts of all records up
-- to it.

CREATE TABLE checkpoints (
    size INTEGER PRIMARY KEY CHECK (size > 0),
    head TEXT    NOT NULL CHECK (length(head) = 64),
    root TEXT    NOT NULL CHECK (length(root) = 64),
    at   INTEGER NOT NULL,
    note TEXT    NOT NULL
) STRICT;

-- The root of each 256 records, so that a proof is made without reading all of them.
CREATE TABLE tiles (
    tile INTEGER PRIMARY KEY CHECK (tile >= 0),
    root TEXT    NOT NULL CHECK (length(root) = 64)
) STRICT;
