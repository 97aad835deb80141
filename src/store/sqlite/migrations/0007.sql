-- What all processes sign and verify with, such as the links of messages, where the operator has set no secret of their own. It
-- proves nothing about the journal, which needs no secret.

CREATE TABLE secrets (
    name  TEXT NOT NULL PRIMARY KEY CHECK (length(name) > 0),
    value TEXT NOT NULL CHECK (length(value) > 0)
) STRICT, WITHOUT ROWID;
