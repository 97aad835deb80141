-- The journal, the state that is its fold, the outbox, and the idempotency keys.
--
-- Instants are milliseconds since 1970 in UTC. `created` is the revision of the record that made the row: one record
-- makes one row, so it is a key, and newest first is the order of the table itself.

-- The end of the journal. Every commit takes this row first, so revisions are gapless and in commit order.
CREATE TABLE head (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    -- A random name, given when the file is made: tells this journal from any other of the same length.
    lineage     TEXT    NOT NULL CHECK (length(lineage) = 36),
    revision    INTEGER NOT NULL CHECK (revision >= 0),
    changed     INTEGER NOT NULL CHECK (changed BETWEEN 0 AND revision),
    hash        TEXT    NOT NULL CHECK (length(hash) = 64),
    at          INTEGER NOT NULL,
    -- The last record by which an operator accepted a replaced file, and its instant.
    accepted    INTEGER CHECK (accepted BETWEEN 1 AND revision),
    accepted_at INTEGER CHECK ((accepted IS NULL) = (accepted_at IS NULL))
) STRICT;

CREATE TABLE journal (
    revision INTEGER PRIMARY KEY CHECK (revision > 0),
    changes  INTEGER NOT NULL CHECK (changes IN (0, 1)),
    at       INTEGER NOT NULL,
    hash     TEXT    NOT NULL CHECK (length(hash) = 64),
    body     TEXT    NOT NULL
) STRICT;

-- Uses outnumber everything else; whoever follows changes must not read past them.
CREATE INDEX journal_changes ON journal (revision) WHERE changes = 1;

CREATE INDEX journal_by_time ON journal (at);

-- What records are about. Names stand in a table of their own, because uses would repeat them.
CREATE TABLE subjects (
    id   INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    UNIQUE (kind, name)
) STRICT;

CREATE TABLE record_subjects (
    subject  INTEGER NOT NULL REFERENCES subjects (id),
    revision INTEGER NOT NULL REFERENCES journal (revision),
    PRIMARY KEY (subject, revision)
) STRICT, WITHOUT ROWID;

-- Against accidents. Against intent there is the chain.
CREATE TRIGGER journal_is_not_rewritten BEFORE UPDATE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is only appended to'); END;
CREATE TRIGGER journal_is_not_shortened BEFORE DELETE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is only appended to'); END;

CREATE TABLE requests (
    created      INTEGER PRIMARY KEY REFERENCES journal (revision),
    id           BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    owner_kind   TEXT    NOT NULL,
    owner        TEXT    NOT NULL,
    -- The person behind the owner: the one that an agent acts for, or the owner.
    person_kind  TEXT    NOT NULL,
    person       TEXT    NOT NULL,
    state        TEXT    NOT NULL CHECK (
        state IN ('pending', 'needs_info', 'approved', 'denied', 'withdrawn', 'timed_out')
    ),
    times_out_at INTEGER NOT NULL,
    -- When time next makes something true that the journal does not say; NULL when it never will.
    due_at       INTEGER,
    stored       TEXT    NOT NULL
) STRICT;

CREATE INDEX requests_by_owner ON requests (owner_kind, owner, created);
CREATE INDEX requests_by_person ON requests (person_kind, person, created);
CREATE INDEX requests_by_state ON requests (state, created);
CREATE INDEX requests_due ON requests (due_at) WHERE due_at IS NOT NULL;

-- Whose roles may approve it. `state` is repeated so that an approver's queue is read without its history.
CREATE TABLE request_approvers (
    role    TEXT    NOT NULL,
    state   TEXT    NOT NULL,
    created INTEGER NOT NULL REFERENCES requests (created),
    PRIMARY KEY (role, state, created)
) STRICT, WITHOUT ROWID;

CREATE TABLE grants (
    created    INTEGER PRIMARY KEY REFERENCES journal (revision),
    id         BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    request    BLOB    NOT NULL UNIQUE CHECK (length(request) = 16),
    -- The grant that the chain of an extension begins with; NULL for what extends nothing.
    first      BLOB    CHECK (length(first) = 16),
    owner_kind TEXT    NOT NULL,
    owner      TEXT    NOT NULL,
    -- The person behind the owner: the one that an agent acts for, or the owner.
    person_kind TEXT   NOT NULL,
    person     TEXT    NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN (
        'open', 'suspended', 'expired', 'revoked', 'released', 'exhausted'
    )),
    starts_at  INTEGER NOT NULL,
    ends_at    INTEGER NOT NULL CHECK (starts_at < ends_at),
    due_at     INTEGER,
    -- Whether nobody approved it and nobody has reviewed it yet.
    unreviewed INTEGER NOT NULL CHECK (unreviewed IN (0, 1)),
    -- What a check needs, so that an index is loaded without reading `stored`. Permissions are joined by spaces, which no
    -- permission holds. Of a grant that is not plain a check needs more: it has conditions, or nobody approved it.
    plain      INTEGER NOT NULL CHECK (plain IN (0, 1)),
    scope      TEXT    NOT NULL,
    allowed    TEXT    NOT NULL,
    excepted   TEXT    NOT NULL,
    stored     TEXT    NOT NULL
) STRICT;

CREATE INDEX grants_by_owner ON grants (owner_kind, owner, created);
CREATE INDEX grants_by_person ON grants (person_kind, person, created);
CREATE INDEX grants_by_state ON grants (state, created);
-- Which grants are live, where many have ended that no record says so of yet.
CREATE INDEX grants_by_end ON grants (state, ends_at, starts_at);
CREATE INDEX grants_chains ON grants (first, created) WHERE first IS NOT NULL;
CREATE INDEX grants_not_plain ON grants (state, created) WHERE plain = 0;
CREATE INDEX grants_unreviewed ON grants (created) WHERE unreviewed = 1;
CREATE INDEX grants_due ON grants (due_at) WHERE due_at IS NOT NULL;

-- How often it was used; no row while it was not. Apart from the grant, because counting ten thousand uses must not write
-- ten thousand grants anew.
CREATE TABLE grant_uses (
    created INTEGER PRIMARY KEY REFERENCES grants (created),
    uses    INTEGER NOT NULL CHECK (uses > 0)
) STRICT;

CREATE TABLE grant_approvers (
    role    TEXT    NOT NULL,
    state   TEXT    NOT NULL,
    created INTEGER NOT NULL REFERENCES grants (created),
    PRIMARY KEY (role, state, created)
) STRICT, WITHOUT ROWID;

-- Who reviews in whose place, and until when.
CREATE TABLE delegations (
    created        INTEGER PRIMARY KEY REFERENCES journal (revision),
    id             BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    delegator_kind TEXT    NOT NULL,
    delegator      TEXT    NOT NULL,
    delegate_kind  TEXT    NOT NULL,
    delegate       TEXT    NOT NULL,
    ended          INTEGER NOT NULL CHECK (ended IN (0, 1)),
    starts_at      INTEGER NOT NULL,
    ends_at        INTEGER NOT NULL CHECK (starts_at < ends_at),
    stored         TEXT    NOT NULL
) STRICT;

CREATE INDEX delegations_by_delegator ON delegations (delegator_kind, delegator, created);
CREATE INDEX delegations_by_delegate ON delegations (delegate_kind, delegate, created);

-- What the host said last of somebody.
CREATE TABLE standings (
    kind   TEXT NOT NULL,
    name   TEXT NOT NULL,
    stored TEXT NOT NULL,
    PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;

-- A delivered message is deleted; AUTOINCREMENT, because its id must not name another one afterwards.
CREATE TABLE outbox (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    topic   TEXT    NOT NULL,
    body    TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0,
    -- When it is given out next; NULL when it is given up and waits for a person.
    due_at  INTEGER DEFAULT 0
) STRICT;

CREATE INDEX outbox_due ON outbox (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE idempotency (
    caller_kind TEXT    NOT NULL,
    caller      TEXT    NOT NULL,
    key         TEXT    NOT NULL,
    fingerprint TEXT    NOT NULL,
    request     BLOB,
    grant_id    BLOB,
    delegation  BLOB,
    -- The grants that ended by it, 16 bytes each.
    ended       BLOB    NOT NULL CHECK (length(ended) % 16 = 0),
    at          INTEGER NOT NULL,
    PRIMARY KEY (caller_kind, caller, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_by_age ON idempotency (at);
