-- 11
-- Which records were removed because they are old. Only those may be deleted; the head says so first. Rows can outlive the record
-- that made them, until the last record about them goes too, so they no longer refer to it. What refers to it is made anew.

ALTER TABLE head ADD COLUMN removed INTEGER CHECK (removed BETWEEN 1 AND revision);
ALTER TABLE head ADD COLUMN removed_hash TEXT CHECK ((removed IS NULL) = (removed_hash IS NULL));
ALTER TABLE head ADD COLUMN removed_root TEXT CHECK ((removed IS NULL) = (removed_root IS NULL));
ALTER TABLE head ADD COLUMN removed_until INTEGER CHECK ((removed IS NULL) = (removed_until IS NULL));
ALTER TABLE head ADD COLUMN complete_from INTEGER CHECK ((removed IS NULL) = (complete_from IS NULL));
ALTER TABLE head ADD COLUMN removal INTEGER CHECK ((removed IS NULL) = (removal IS NULL));

DROP TRIGGER journal_is_not_shortened;
CREATE TRIGGER journal_is_not_shortened BEFORE DELETE ON journal
WHEN OLD.revision > (SELECT coalesce(max(removed), 0) FROM head)
BEGIN SELECT RAISE(ABORT, 'the journal is only appended to'); END;
DROP TRIGGER packs_are_not_removed;
CREATE TRIGGER packs_are_not_removed BEFORE DELETE ON packs
WHEN OLD.last > (SELECT coalesce(max(removed), 0) FROM head)
BEGIN SELECT RAISE(ABORT, 'the journal is only appended to'); END;

CREATE TABLE requests_made_anew (
    created      INTEGER PRIMARY KEY,
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
    stored       TEXT    NOT NULL,
    extends      INTEGER NOT NULL CHECK (extends IN (0, 1)),
    role         TEXT    NOT NULL
) STRICT;
INSERT INTO requests_made_anew
SELECT created, id, owner_kind, owner, person_kind, person, state, times_out_at, due_at, stored, extends, role FROM requests;
DROP TABLE requests;
ALTER TABLE requests_made_anew RENAME TO requests;

CREATE INDEX requests_by_owner ON requests (owner_kind, owner, created);
CREATE INDEX requests_by_person ON requests (person_kind, person, created);
CREATE INDEX requests_by_state ON requests (state, created);
CREATE INDEX requests_due ON requests (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX requests_extending ON requests (created) WHERE extends = 1 AND state IN ('pending', 'needs_info');
CREATE INDEX requests_by_role ON requests (role, created);

CREATE TABLE grants_made_anew (
    created     INTEGER PRIMARY KEY,
    id          BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    request     BLOB    NOT NULL UNIQUE CHECK (length(request) = 16),
    -- The grant that the chain of an extension begins with; NULL for what extends nothing.
    first       BLOB    CHECK (length(first) = 16),
    owner_kind  TEXT    NOT NULL,
    owner       TEXT    NOT NULL,
    -- The person behind the owner: the one that an agent acts for, or the owner.
    person_kind TEXT    NOT NULL,
    person      TEXT    NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN (
        'open', 'suspended', 'expired', 'revoked', 'released', 'exhausted'
    )),
    starts_at   INTEGER NOT NULL,
    ends_at     INTEGER NOT NULL CHECK (starts_at < ends_at),
    due_at      INTEGER,
    -- Whether nobody approved it, and nobody has reviewed it yet or a review found its use unjustified.
    unsettled   INTEGER NOT NULL CHECK (unsettled IN (0, 1)),
    -- What a check needs, so that an index is loaded without reading `stored`. Permissions are joined by spaces, which no
    -- permission holds. Of a grant that is not plain a check needs more: it has conditions, or nobody approved it.
    plain       INTEGER NOT NULL CHECK (plain IN (0, 1)),
    scope       TEXT    NOT NULL,
    allowed     TEXT    NOT NULL,
    excepted    TEXT    NOT NULL,
    stored      TEXT    NOT NULL,
    role        TEXT    NOT NULL
) STRICT;
INSERT INTO grants_made_anew
SELECT created, id, request, first, owner_kind, owner, person_kind, person, state, starts_at, ends_at, due_at, unsettled, plain, scope,
    allowed, excepted, stored, role FROM grants;
DROP TABLE grants;
ALTER TABLE grants_made_anew RENAME TO grants;

CREATE INDEX grants_by_owner ON grants (owner_kind, owner, created);
CREATE INDEX grants_by_person ON grants (person_kind, person, created);
CREATE INDEX grants_by_state ON grants (state, created);
-- Which grants are live, where many have ended that no record says so of yet.
CREATE INDEX grants_by_end ON grants (state, ends_at, starts_at);
CREATE INDEX grants_chains ON grants (first, created) WHERE first IS NOT NULL;
CREATE INDEX grants_not_plain ON grants (state, created) WHERE plain = 0;
CREATE INDEX grants_due ON grants (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX grants_unsettled ON grants (created) WHERE unsettled = 1;
CREATE INDEX grants_by_role ON grants (role, created);

CREATE TABLE delegations_made_anew (
    created        INTEGER PRIMARY KEY,
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
INSERT INTO delegations_made_anew
SELECT created, id, delegator_kind, delegator, delegate_kind, delegate, ended, starts_at, ends_at, stored FROM delegations;
DROP TABLE delegations;
ALTER TABLE delegations_made_anew RENAME TO delegations;

CREATE INDEX delegations_by_delegator ON delegations (delegator_kind, delegator, created);
CREATE INDEX delegations_by_delegate ON delegations (delegate_kind, delegate, created);

-- What goes with a row.
CREATE INDEX request_approvers_of ON request_approvers (created);
CREATE INDEX grant_approvers_of ON grant_approvers (created);
