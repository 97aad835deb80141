-- What all processes sign and verify with, such as the links of messages, where the operator has set no secret of their own. It
-- proves nothing about the journal, which needs no secret.

CREATE TABLE secrets (
    name  text COLLATE "C" PRIMARY KEY CHECK (name <> ''),
    value text NOT NULL CHECK (value <> '')
);
