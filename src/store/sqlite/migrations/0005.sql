-- What each record can be found by: besides what it is about, role, permission, resource, result, event and who answered. A row is a
-- block of 4,096 records: two bytes for each that has the topic, or a bit for each of the block. It is filled from the journal when
-- the file is brought to this version.

ALTER TABLE subjects RENAME TO topics;
DROP TABLE record_subjects;
CREATE TABLE record_topics (
    topic INTEGER NOT NULL REFERENCES topics (id),
    block INTEGER NOT NULL CHECK (block >= 0),
    bits  BLOB    NOT NULL CHECK (length(bits) BETWEEN 2 AND 512),
    PRIMARY KEY (topic, block)
) STRICT, WITHOUT ROWID;
